from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.chips.k210.compiler.network_inputs import network_inputs
from dse.chips.k210.compiler.parting import MOST_CUTS, Operators, first_wrong
from dse.chips.k210.compiler.tflite import random_tflite
from dse.network.graph import Graph, Layer
from dse.network.tflite_graph import parse_tflite

SHAPE = (8, 8, 4)


def chain(length: int) -> Operators:
    """`length` convolutions in a row, called "0", "1", ..."""
    layers = [Layer("picture", "input", (), SHAPE)]
    for number in range(length):
        layers.append(Layer(str(number), "conv", (layers[-1].name,), SHAPE, bias=True))
    return Operators(random_tflite(Graph("chain", tuple(layers), (layers[-1].name,)), 0))


def branches() -> Operators:
    """Two branches of two convolutions, added."""
    layers = (
        Layer("picture", "input", (), SHAPE),
        Layer("left_0", "conv", ("picture",), SHAPE, bias=True),
        Layer("right_0", "conv", ("picture",), SHAPE, bias=True),
        Layer("left_1", "conv", ("left_0",), SHAPE, bias=True),
        Layer("right_1", "conv", ("right_0",), SHAPE, bias=True),
        Layer("sum", "add", ("left_1", "right_1"), SHAPE),
        Layer("head", "conv", ("sum",), SHAPE, bias=True),
    )
    return Operators(random_tflite(Graph("branches", layers, ("head",)), 0))


def found_in(operators: Operators, culprit: str, unknown: frozenset[str] = frozenset()) -> str:
    """What is named where `culprit` and all that reads it are wrong."""
    (output,) = operators.outputs
    asked: list[str] = []

    def is_right(tensor: int) -> bool | None:
        asked.append(operators.name(tensor))
        if operators.name(tensor) in unknown:
            return None
        return culprit not in map(operators.name, operators.before(tensor))

    name = operators.name(first_wrong(operators, output, is_right))
    assert len(asked) == len(set(asked)) <= MOST_CUTS  # no network is compiled twice
    return name


@given(st.integers(1, 40), st.data())
def test_the_first_wrong_layer_is_found(length: int, data: st.DataObject) -> None:
    culprit = str(data.draw(st.integers(0, length - 1)))
    assert found_in(chain(length), culprit) == culprit


@pytest.mark.parametrize("culprit", ["left_0", "right_0", "left_1", "right_1", "sum", "head"])
def test_on_either_branch(culprit: str) -> None:
    assert found_in(branches(), culprit) == culprit


def test_where_a_cut_cannot_be_told_the_next_layer_is_named() -> None:
    assert found_in(chain(9), "4", frozenset({"4"})) == "5"


def test_a_network_cut_off_gives_out_that_layer() -> None:
    operators = chain(3)
    first = operators.before(operators.outputs[0])[0]
    shorter = operators.cut_behind(first)
    assert parse_tflite(shorter, Path("cut.tflite")).outputs == ("0",)
    assert network_inputs(shorter).shapes == ((1, *SHAPE),)
