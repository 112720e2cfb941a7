"""Each cure finds its own cause, and leaves a graph that the cost model prices."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dse.chips import chip, load_target
from dse.chips.advice import MUCH_GAIN, Advice
from dse.chips.k210.cures import CURES, LINE
from dse.network.detector import detector_graph
from dse.network.graph import Graph, Layer
from dse.space import Training
from tests.chips.k210.ir.operator_nets import Drawn
from tests.chips.networks import BOTTOM_RIGHT, chain, conv, depthwise
from tests.network.tflite_nets import OP

TARGET = load_target("k210")
PICTURE = Layer("input", "input", (), (64, 64, 3))


def behind(graph: Graph, *layers: Layer) -> Graph:
    """`layers` at the end of `graph`."""
    return Graph(graph.name, (*graph.layers, *layers), (layers[-1].name,))


def advice(graph: Graph) -> dict[str, Advice]:
    k210 = chip("k210")
    found = k210.advice(graph, k210.price(graph, "kpu8", TARGET), TARGET)
    return {one.cause: one for one in found}


def plain() -> Graph:
    return chain((64, 64, 3), conv("a", 16, 3), depthwise("b", 2), conv("c", 32))


def test_nothing_is_said_of_what_is_as_it_should_be() -> None:
    assert advice(plain()) == {}


def test_one_sided_padding() -> None:
    graph = plain()
    told = advice(with_padding(graph))["one_sided_padding"]
    assert told.layers == ("b",)
    assert "ZeroPadding2D(1)(x)" in told.keras and "padding=1" in told.pytorch
    price = chip("k210").price(graph, "kpu8", TARGET)
    assert told.after.cost == price  # exactly what the network without it costs
    assert told.before.cost.latency_ms > 2 * price.latency_ms


def with_padding(graph: Graph) -> Graph:
    layers = (
        replace(layer, padding=BOTTOM_RIGHT) if layer.stride == 2 else layer for layer in graph
    )
    return Graph(graph.name, tuple(layers), graph.outputs)


def test_padding_that_another_size_would_come_of_is_left() -> None:
    odd = chain((63, 63, 3), conv("a", 16, 3))
    layer = Layer("b", "depthwise", ("a",), (32, 32, 16), 3, 2, (0, 2, 0, 2), "relu6", bias=True)
    assert "one_sided_padding" not in advice(behind(odd, layer))


@pytest.mark.parametrize("op", ["unary", "mul"])
def test_normalisation(op: str) -> None:
    scaled = Layer("scaled", op, ("input",), (64, 64, 3))
    rest = [replace(one, inputs=tuple("scaled" if n == "input" else n for n in one.inputs))
            for one in plain().layers[1:]]  # fmt: skip
    told = advice(Graph("scaled", (PICTURE, scaled, *rest), ("c",)))["normalisation"]
    assert told.layers == ("scaled",)
    assert told.after.cost == chip("k210").price(plain(), "kpu8", TARGET)


def test_resizing() -> None:
    small = Layer("input", "input", (), (32, 32, 3))
    larger = Layer("larger", "resize_bilinear", ("input",), (64, 64, 3))
    rest = [replace(one, inputs=tuple("larger" if n == "input" else n for n in one.inputs))
            for one in plain().layers[1:]]  # fmt: skip
    told = advice(Graph("resized", (small, larger, *rest), ("c",)))["resizing"]
    assert told.before.verdict.status == "unknown"
    assert told.after.cost == chip("k210").price(plain(), "kpu8", TARGET)


@pytest.mark.parametrize("size", [224, 96])
def test_width(size: int) -> None:
    told = advice(detector_graph(Training.parse(f"P5-a1-{size}")))["input_width"]
    height, width = map(int, told.keras.split("((")[1].split(", ")[:2])
    assert height == size
    assert width % LINE == 0
    assert told.after.cost.latency_ms < told.before.cost.latency_ms
    assert "input_width" not in advice(detector_graph(Training.parse("P5-a1-256")))


def test_an_activation_behind_a_pool() -> None:
    graph = chain((64, 64, 3), replace(conv("a", 16, 3), activation="linear"))
    pool = Layer("pool", "maxpool", ("a",), (32, 32, 16), 2, 2)
    act = Layer("act", "unary", ("pool",), (32, 32, 16))
    last = Layer("last", "conv", ("act",), (32, 32, 5), bias=True)
    told = advice(behind(graph, pool, act, last))["activation_behind_pool"]
    leaky = chain((64, 64, 3), replace(conv("a", 16, 3), activation="leaky"))
    wanted = behind(leaky, pool, replace(last, inputs=("pool",)))
    assert told.layers == ("act",)
    assert told.after.cost == chip("k210").price(wanted, "kpu8", TARGET)


@pytest.mark.parametrize("activation", ["linear", "relu"])
def test_additions(activation: str) -> None:
    graph = chain((64, 64, 3), conv("a", 16), replace(conv("b", 16, 3), activation="linear"))
    addition = Layer("sum", "add", ("a", "b"), (64, 64, 16), activation=activation)
    last = Layer("last", "conv", ("sum",), (64, 64, 5), bias=True)
    told = advice(behind(graph, addition, last))["additions"]
    without = chain((64, 64, 3), conv("a", 16), replace(conv("b", 16, 3), activation=activation))
    wanted = behind(without, replace(last, inputs=("b",)))
    assert told.layers == ("sum",)
    assert told.after.cost == chip("k210").price(wanted, "kpu8", TARGET)


def test_head_channels() -> None:
    graph = chain((64, 64, 3), conv("a", 16, 3), conv("head", 125))
    told = advice(graph)["head_channels"]
    wanted = chain((64, 64, 3), conv("a", 16, 3), conv("head", 30))
    assert told.after.cost == chip("k210").price(wanted, "kpu8", TARGET)
    assert "head_channels" not in advice(wanted)


def classifier(flat: bool) -> Drawn:
    net = Drawn(64, 64, 3)
    net.relu6_conv("a", 16)
    if flat:
        net.reshape("flat", 1, 64 * 64 * 16)
    else:
        net.reduce(OP.MEAN, "flat", [1, 2], False)
    net.dense("dense", 10)
    net.softmax("last")
    return net


def test_a_dense_layer_on_a_flattened_map(tmp_path: Path) -> None:
    told = advice(classifier(flat=True).graph(tmp_path))["flattened_dense"]
    wanted = chip("k210").price(classifier(flat=False).graph(tmp_path), "kpu8", TARGET)
    assert told.layers == ("dense",)
    assert told.after.cost == replace(wanted, parameters=told.after.cost.parameters)
    assert told.after.verdict.accepted


def test_every_cure_says_what_to_write_in_both() -> None:
    graph = with_padding(chain((65, 64, 3), conv("a", 16, 3), depthwise("b", 2)))
    for cure in CURES:
        cured = cure.apply(graph)
        assert cure.why and (cured is None or (cured.keras and cured.pytorch))


def test_formats_of_the_cpu_are_not_advised() -> None:
    k210, graph = chip("k210"), with_padding(plain())
    assert k210.advice(graph, k210.price(graph, "Q8", TARGET), TARGET) == ()


def test_a_brief_search_ends_at_the_first_that_gains_much() -> None:
    k210, graph = chip("k210"), with_padding(plain())
    graph = behind(graph, Layer("head", "conv", ("c",), (32, 32, 125), bias=True))
    cost = k210.price(graph, "kpu8", TARGET)
    (brief,) = k210.advice(graph, cost, TARGET, brief=True)
    assert brief.gain >= MUCH_GAIN
    assert {brief.cause, "head_channels"} <= {one.cause for one in k210.advice(graph, cost, TARGET)}
