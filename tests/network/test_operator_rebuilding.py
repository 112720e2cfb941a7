from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dse.chips import load_target, price
from dse.network.graph import Graph
from dse.network.graph_changes import reshaped, with_layers
from dse.network.operator_rebuilding import rebuilt
from tests.chips.k210.ir.operator_nets import NETS, Drawn, graph_of
from tests.network.tflite_nets import OP, SAME

TARGET = load_target("k210")


@pytest.mark.parametrize("name", NETS)
def test_what_is_unchanged_costs_what_it_did(name: str, tmp_path: Path) -> None:
    graph = graph_of(name, tmp_path)
    again = rebuilt(Graph(graph.name, graph.layers, graph.outputs), graph)
    assert price(again, "kpu8", TARGET) == price(graph, "kpu8", TARGET)


def strided(folder: Path, size: int, stride: int) -> Graph:
    net = Drawn(size, size, 3)
    net.conv("a", 8, 3, stride, SAME)
    net.plain(OP.TANH, "tanh", [net.last], net.shape)
    net.reduce(OP.MEAN, "mean", [1, 2], True)
    return net.graph(folder)


def test_a_changed_convolution_is_written_anew(tmp_path: Path) -> None:
    graph = strided(tmp_path, 16, 1)
    wider = replace(graph["a"], padding=(2, 2, 2, 2), shape=(18, 18, 8))
    changed = rebuilt(with_layers(graph, {"a": wider}), graph)
    assert changed.operators is not None
    assert [one.kind for one in changed.operators.operators] == ["PAD", "CONV_2D", "TANH", "MEAN"]
    assert changed.operators.operators[2].outputs[0].sides == (1, 18, 18, 8)
    assert price(changed, "kpu8", TARGET).is_priced


def test_another_input_costs_what_a_file_of_that_size_does(tmp_path: Path) -> None:
    graph, larger = strided(tmp_path, 16, 2), strided(tmp_path, 32, 2)
    changed = reshaped(graph, (32, 32, 3))
    assert changed is not None
    assert price(rebuilt(changed, graph), "kpu8", TARGET) == price(larger, "kpu8", TARGET)


def test_what_is_not_clear_is_not_rebuilt(tmp_path: Path) -> None:
    graph = graph_of("transposed", tmp_path)
    other = with_layers(graph, {"planes": replace(graph["planes"], op="warp")})
    assert rebuilt(other, graph).operators is None


def test_the_mean_of_what_is_no_map_is_not_clear(tmp_path: Path) -> None:
    """A shuffle of channels, flattened: its five axes have no means of channels."""
    net = Drawn(8, 8, 12)
    net.reshape("split", 1, 8, 8, 2, 6)
    net.reshape("flat", 1, 768)
    graph = net.graph(tmp_path)
    mean = replace(graph["flat"], op="mean", shape=(1, 1, 6))
    assert rebuilt(with_layers(graph, {"flat": mean}), graph).operators is None


def test_layers_of_maps_need_no_operators(tmp_path: Path) -> None:
    net = Drawn()
    net.relu6_conv("a", 8)
    graph = net.graph(tmp_path)
    assert rebuilt(graph, graph) is graph
