"""Operators of every kind, priced as nncase 1.9 itself compiles them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dse.chips import judge, price
from dse.chips.k210.compiler.compiler import compile_kmodel
from dse.chips.k210.cost.lowering import lower
from dse.chips.k210.cost.price import K210Cost
from dse.chips.k210.explaining import explained
from dse.chips.k210.target import K210Target
from dse.errors import InvalidFile
from tests.chips.k210.ir.operator_nets import NETS, Drawn, graph_of
from tests.network.tflite_nets import OP

TARGET = K210Target.load("k210")
FIGURES = ("kmodel_bytes", "input_bytes", "output_bytes", "data_bytes", "peak_kpu_bytes")


def figures(cost: object) -> dict[str, int]:
    return {name: getattr(cost, name) or 0 for name in FIGURES}


@pytest.mark.compiler
@pytest.mark.parametrize("name", NETS)
def test_operators_cost_what_the_compiler_makes_of_them(name: str, tmp_path: Path) -> None:
    graph = graph_of(name, tmp_path)
    assert graph.operators is not None
    pictures = np.random.default_rng(0).integers(0, 256, (1, 16, 16, 3), np.uint8)
    compiled = compile_kmodel((tmp_path / "net.tflite").read_bytes(), pictures)
    assert figures(price(graph, "kpu8", TARGET)) == figures(compiled)


@pytest.mark.parametrize("name", NETS)
def test_operators_are_accepted_and_explained(name: str, tmp_path: Path) -> None:
    graph = graph_of(name, tmp_path)
    cost = price(graph, "kpu8", TARGET)
    assert isinstance(cost, K210Cost)
    assert cost.is_priced
    assert judge(cost, TARGET).accepted
    account = explained(graph, "kpu8", TARGET)
    assert sum(row["latency_ms"] for row in account.layers) == pytest.approx(cost.latency_ms)
    assert {row["layer"] for row in account.layers} >= set(graph.outputs)


def test_maps_last_are_transposed_for_the_caller(tmp_path: Path) -> None:
    graph = graph_of("maxima", tmp_path)
    planes, interleaved = (lower(graph, last) for last in (False, True))
    moved = [[step.op for step in one.steps].count("transpose") for one in (planes, interleaved)]
    assert moved[1] > moved[0]


def test_a_file_that_contradicts_itself_is_damaged(tmp_path: Path) -> None:
    net = Drawn()
    net.relu6_conv("a", 8)
    net.add(OP.TANH, "tanh", [net.last], (1, 16, 16, 9), net.options("Pad"))
    graph = net.graph(tmp_path)
    with pytest.raises(InvalidFile, match=r"net: is damaged .*TANH makes"):
        price(graph, "kpu8", TARGET)


def test_a_program_without_prices_keeps_its_reason(tmp_path: Path) -> None:
    net = Drawn()
    net.relu6_conv("a", 8)
    net.plain(OP.ELU, "elu", [net.last], net.shape)
    cost = price(net.graph(tmp_path), "kpu8", TARGET)
    verdict = judge(cost, TARGET)
    assert not cost.is_priced
    assert (verdict.status, verdict.reason, verdict.layer) == ("refused", "compiler", "elu")
    assert "ReLU" in verdict.instead


def test_operations_without_a_rule_are_counted(tmp_path: Path) -> None:
    net = Drawn()
    for name in ("one", "two"):
        net.plain(OP.FLOOR_MOD, name, [net.last, net.input], net.shape)
    verdict = judge(price(net.graph(tmp_path), "kpu8", TARGET), TARGET)
    assert verdict.status == "unknown"
    assert "'floor_mod' (2" in verdict.message
    assert verdict.layer == "one"
