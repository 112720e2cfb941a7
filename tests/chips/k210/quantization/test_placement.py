"""What the accelerator computes, against the account of `dse.chips` and the compiler's file."""

from __future__ import annotations

from functools import cache

import pytest

from dse.chips.k210.cost.lowering import lower
from dse.chips.k210.cost.price import price
from dse.chips.k210.cost.program import KPU_CONVOLUTIONS
from dse.chips.k210.quantization.placement import Place, placement
from dse.chips.k210.target import K210Target
from dse.network.detector import detector_graph
from dse.network.graph import Graph, Layer
from dse.space import SearchSpace, Training
from tests.chips.k210.quantization.kmodel_steps import CompiledNetwork

SPACES = ("mobilenetv2_face", "k210_face")

pytestmark = pytest.mark.slow


@cache
def graph_of(name: str) -> Graph:
    return detector_graph(Training.parse(name))


def off(graph: Graph) -> list[str]:
    """Convolutions and additions that the CPU computes."""
    ops, places = ("conv", "depthwise", "add"), placement(graph)
    return [layer.name for layer in graph if layer.op in ops and layer.name not in places]


def written(graph: Graph, layer: Layer, places: dict[str, Place]) -> tuple[int, int]:
    """Sides of the map that `layer` writes, from what it reads and from its place."""
    place, (source, *_) = places[layer.name], layer.inputs
    read = places[source].sides if source in places else graph[source].shape[:2]
    sides = []
    for axis in (0, 1):
        padded = read[axis] + sum(layer.padding[2 * axis : 2 * axis + 2]) + place.grown[axis]
        computed = (padded - layer.kernel) // place.stride + 1
        sides.append(-(-computed // place.picked))
    return sides[0], sides[1]


def test_every_design_is_placed_as_its_price_says() -> None:
    """lambda changes no layer, so designs that differ in it alone are one graph."""
    trainings = [one for space in SPACES for one in SearchSpace.load(space).trainings()]
    shapes = {(one.breakpoint, one.width, one.input_size): one for one in trainings}
    assert len(trainings) == 256 + 102 and len(shapes) > 100
    target = K210Target.load("k210")
    for training in shapes.values():
        graph = detector_graph(training)
        priced = price(graph, "kpu8", target).layers
        expected = [cost.name for cost in priced if {*KPU_CONVOLUTIONS} & {*cost.steps}]
        assert list(placement(graph)) == expected, training.id


@pytest.mark.parametrize(
    "name",
    ["A63-a0.5-224", "B63-a0.35-96", "C63-a1-96", "A63-a0.35-100", "P5-a0.5-32", "B63-a1-33"],
)
def test_maps_have_the_sides_that_the_program_writes(name: str) -> None:
    graph = graph_of(name)
    places = placement(graph)
    for step in lower(graph).steps:
        if step.op in KPU_CONVOLUTIONS:
            layer, place = graph[step.layer], places[step.layer]
            assert written(graph, layer, places) == step.shape[:2], layer.name
            readers = [graph[reader] for reader in graph.consumers[layer.name]]
            moved = any(places[one.name].picked > 1 for one in readers if one.name in places)
            assert place.sides == (step.shape if moved else layer.shape)[:2], layer.name


@pytest.mark.parametrize("size", [96, 128, 224, 256])
def test_breakpoint_a_runs_on_the_accelerator(size: int) -> None:
    assert off(graph_of(f"A63-a0.5-{size}")) == []


def test_more_than_1024_channels_run_on_the_cpu() -> None:
    assert off(graph_of("B63-a0.35-224")) == ["Conv_1", "head"]
    assert off(graph_of("C63-a0.35-224")) == ["Conv_1", "head"]


def test_maps_below_4x4_are_padded_for_the_accelerator() -> None:
    """Additions are not: the compiler pads before it makes convolutions of them."""
    graph = graph_of("B63-a0.35-96")
    assert off(graph) == ["block_14_add", "block_15_add", "Conv_1", "head"]
    padded = [name for name, place in placement(graph).items() if place.grown != (0, 0)]
    parts = ("expand", "depthwise", "project")
    blocks = [f"block_{number}_{part}" for number in (14, 15, 16) for part in parts]
    assert padded == ["block_13_project", *blocks]
    for name in padded:
        place = placement(graph)[name]
        assert (place.grown, place.sides, place.requantized) == ((1, 1), (3, 3), True)


def test_pictures_higher_than_256_start_on_the_cpu() -> None:
    graph = graph_of("A63-a0.35-288")
    assert off(graph)[0] == "Conv1"
    assert placement(graph)["expanded_conv_depthwise"].requantized


def test_strides_move_behind_the_projection() -> None:
    graph = graph_of("A63-a0.35-96")
    places = placement(graph)
    moved = [name for name, place in places.items() if place.sides != graph[name].shape[:2]]
    assert moved == [f"block_{number}_depthwise" for number in (1, 3, 6)]
    picking = [name for name, place in places.items() if place.picked == 2]
    assert picking == [f"block_{number}_project" for number in (1, 3, 6)]
    assert places["Conv1"].stride == 2


def test_in_front_of_a_padded_map_the_cpu_takes_the_stride() -> None:
    places = placement(graph_of("B63-a0.35-96"))
    assert places["block_13_depthwise"] == Place(False, (0, 0), 1, 1, 2, (3, 3))
    assert places["block_13_project"].picked == 1


def test_additions_and_what_follows_the_cpu_are_requantized() -> None:
    graph = graph_of("A63-a0.35-96")
    found = [graph[name].op for name, place in placement(graph).items() if place.requantized]
    assert set(found) == {"add"} and len(found) == sum(layer.op == "add" for layer in graph)


def test_the_compiled_file_has_these_layers(small_maps: CompiledNetwork) -> None:
    """Step by step: the accelerator's layers, by kind and shape, and all that the CPU does."""
    program = lower(small_maps.graph)
    expected = [(step.op, step.shape) for step in program.steps if step.op in KPU_CONVOLUTIONS]
    assert small_maps.accelerator_layers == expected
    assert [step.name for step in small_maps.steps] == [step.op for _, step in small_maps.lowered]
    layers = [step.layer for step in program.steps if step.op in KPU_CONVOLUTIONS]
    assert list(placement(small_maps.graph)) == layers
    assert "block_16_depthwise" in layers and "Conv_1" not in layers
