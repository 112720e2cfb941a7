"""What the accelerator takes, by the compiler's own limits."""

from __future__ import annotations

import pytest

from dse.network.detector import detector_graph
from dse.network.graph import Graph
from dse.quantization.placement import movable_stride, on_kpu
from dse.space import Training

pytestmark = pytest.mark.slow


def graph_of(name: str) -> Graph:
    return detector_graph(Training.parse(name))


def off(graph: Graph) -> list[str]:
    """Convolutions and additions that the CPU computes."""
    ops = ("conv", "depthwise", "add")
    return [layer.name for layer in graph if layer.op in ops and not on_kpu(graph, layer)]


@pytest.mark.parametrize("size", [96, 128, 224, 256])
def test_breakpoint_a_runs_on_the_accelerator(size: int) -> None:
    assert off(graph_of(f"A63-a0.5-{size}")) == []


def test_more_than_1024_channels_run_on_the_cpu() -> None:
    assert off(graph_of("B63-a0.35-224")) == ["Conv_1", "head"]
    assert off(graph_of("C63-a0.35-224")) == ["Conv_1", "head"]


def test_maps_below_4x4_run_on_the_cpu() -> None:
    found = off(graph_of("B63-a0.35-96"))
    assert found[0] == "block_14_expand" and found[-1] == "head"
    assert "block_13_project" not in found  # computed at 6x6, thinned out behind


def test_pictures_higher_than_256_start_on_the_cpu() -> None:
    assert off(graph_of("A63-a0.35-288"))[0] == "Conv1"


def test_strides_move_behind_the_projection() -> None:
    graph = graph_of("A63-a0.35-96")
    moved = [layer.name for layer in graph if movable_stride(graph, layer)]
    assert moved == [f"block_{number}_depthwise" for number in (1, 3, 6)]
    assert not movable_stride(graph, graph["Conv1"])
