"""The layer graph is the published network, to the last weight."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.detection.head import Head
from dse.network.detector import detector_graph, frozen_layers
from dse.network.graph import Graph
from dse.space import SearchSpace, Training

TRAININGS = SearchSpace.load("mobilenetv2_face").trainings()

PARAMETERS = {
    # Narduzzi et al., table III: these are half the published column, which counts each twice
    "A98-a1-500": 688_381,
    "A98-a0.5-500": 210_765,
    "A98-a0.35-500": 122_637,
    "B133-a1-500": 2_418_109,
    "C98-a1-500": 2_490_109,
}


@pytest.mark.parametrize(("training", "parameters"), PARAMETERS.items())
def test_parameters_are_the_papers(training: str, parameters: int) -> None:
    assert detector_graph(Training.parse(training)).parameters == parameters


@pytest.mark.parametrize(
    ("training", "shape"),
    [("A98-a1-500", (32, 32, 125)), ("B98-a1-500", (16, 16, 125)), ("C98-a1-500", (32, 32, 125))],
)
def test_output_maps_are_the_papers(training: str, shape: tuple[int, int, int]) -> None:
    graph = detector_graph(Training.parse(training))
    assert graph["head"].shape == shape


def test_another_head_changes_the_last_layer_alone() -> None:
    training = Training.parse("C98-a1-224")
    graph, other = detector_graph(training), detector_graph(training, Head(((9, 9),), ("a", "b")))
    assert other.layers[:-1] == graph.layers[:-1]
    assert other["head"].shape == (*graph["head"].shape[:2], 6)


def test_concatenation_has_the_papers_channels() -> None:
    assert detector_graph(Training.parse("C98-a1-500"))["concat"].shape == (32, 32, 1856)


@given(st.sampled_from(TRAININGS))
def test_every_layer_follows_its_inputs(training: Training) -> None:
    graph: Graph = detector_graph(training)
    seen: set[str] = set()
    for layer in graph:
        assert set(layer.inputs) <= seen
        seen.add(layer.name)
    assert len(seen) == len(graph.layers)


@given(st.sampled_from(TRAININGS))
def test_stride_two_pads_all_four_sides(training: Training) -> None:
    strided = [layer for layer in detector_graph(training) if layer.stride == 2]
    convolutions = [layer for layer in strided if layer.op != "upsample"]
    assert len(convolutions) >= 4
    assert all(layer.padding == (1, 1, 1, 1) for layer in convolutions)


@given(st.sampled_from(TRAININGS))
def test_frozen_layers_are_a_closed_beginning(training: Training) -> None:
    graph = detector_graph(training)
    frozen = frozen_layers(graph, training)
    assert all(name in frozen for layer in frozen for name in graph[layer].inputs)
    assert "head" not in frozen


def test_a_wider_network_costs_more() -> None:
    def cost(width: float) -> tuple[int, int]:
        graph = detector_graph(Training("A", 98, width, 224))
        return graph.parameters, graph.macs

    costs = [cost(width) for width in (0.35, 0.5, 0.75, 1.0)]
    assert costs == sorted(costs)
