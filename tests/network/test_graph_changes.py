from __future__ import annotations

from dataclasses import replace

import pytest

from dse.network.detector import detector_graph
from dse.network.graph import Graph, Layer
from dse.network.graph_changes import reshaped, used, with_layers, without
from dse.space import Training
from tests.chips.networks import chain, conv, depthwise


def test_a_layer_left_out_is_passed_over() -> None:
    graph = chain((8, 8, 3), conv("a", 4), conv("b", 4), conv("c", 4))
    shorter = without(graph, {"b": "a", "c": "b"})
    assert [layer.name for layer in shorter] == ["input", "a"]
    assert shorter.outputs == ("a",)
    assert without(graph, {"b": "a"})["c"].inputs == ("a",)


def test_what_nobody_reads_goes() -> None:
    graph = chain((8, 8, 3), conv("a", 4), conv("b", 4))
    assert [layer.name for layer in used(replace(graph, outputs=("a",)))] == ["input", "a"]


def test_a_layer_in_the_place_of_another() -> None:
    graph = chain((8, 8, 3), conv("a", 4), conv("b", 4))
    changed = with_layers(graph, {"a": replace(graph["a"], activation="relu")})
    assert changed["a"].activation == "relu"
    assert changed["b"] == graph["b"]


@pytest.mark.parametrize("name", ["A98-a0.5", "P5-a1", "B98-a0.35", "C98-a0.5"])
@pytest.mark.parametrize(("old", "new"), [(128, 256), (256, 128), (224, 192)])
def test_another_size_gives_the_graph_of_that_size(name: str, old: int, new: int) -> None:
    graph, wanted = (detector_graph(Training.parse(f"{name}-{size}")) for size in (old, new))
    found = reshaped(graph, (new, new, 3))
    assert found is not None
    assert [layer.shape for layer in found] == [layer.shape for layer in wanted]


def test_what_depends_on_the_size_is_no_other_size_s() -> None:
    graph = chain((8, 8, 3), conv("a", 4))
    reshape = Layer("flat", "reshape", ("a",), (1, 1, 256))
    fixed = Graph("fixed", (*graph.layers, reshape), ("flat",))
    assert reshaped(fixed, (16, 16, 3)) is None
    assert reshaped(chain((8, 8, 3), conv("a", 4, 5, 1, 0)), (4, 4, 3)) is None  # nothing is left
    odd = chain((8, 8, 3), depthwise("a", 2))
    addition = Layer("sum", "add", ("input", "a"), (8, 8, 3))
    assert reshaped(Graph("odd", (*odd.layers, addition), ("sum",)), (10, 8, 3)) is None
