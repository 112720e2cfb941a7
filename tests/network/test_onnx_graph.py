"""An ONNX file is read as the layer graph it was written from; what is wrong with one is said."""

from __future__ import annotations

import contextlib
import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("onnx")

from onnx import helper

from dse.errors import DseError, InvalidFile, NotSupported
from dse.network.graph import Graph, Layer
from dse.network.network_files import read_network
from dse.network.onnx_graph import parse_onnx
from tests.chips.networks import chain, conv
from tests.network.onnx_networks import branches, classifier, written

pytestmark = pytest.mark.slow


def read(content: bytes, folder: Path) -> Graph:
    path = folder / "own.onnx"
    path.write_bytes(content)
    return read_network(path).graph


def without_suffixes(graph: Graph) -> list[Layer]:
    """A layer is called as its own operation writes it, before an activation that joined it."""
    return [
        replace(
            layer,
            name=layer.name.removesuffix("_linear"),
            inputs=tuple(name.removesuffix("_linear") for name in layer.inputs),
        )
        for layer in graph
    ]


def test_layers_are_as_they_were_written(tmp_path: Path) -> None:
    graph = branches()
    found = read(written(graph), tmp_path)
    assert without_suffixes(found) == list(graph)
    assert found.outputs == ("odd_linear", "large")


def test_an_open_batch_is_one_picture(tmp_path: Path) -> None:
    graph = branches()
    assert without_suffixes(read(written(graph, "batch"), tmp_path)) == list(graph)


def test_a_classifier_s_head(tmp_path: Path) -> None:
    found = read(classifier(), tmp_path)
    assert [layer.op for layer in found][2:] == ["mean", "conv", "flatten", "softmax"]
    assert found["last"].shape == (1, 1, 4)


def test_what_has_no_layer_is_named(tmp_path: Path) -> None:
    graph = chain((16, 16, 3), conv("a", 8, 3))
    more = [helper.make_node("Elu", ["a"], ["last"])]
    assert read(written(graph, more=more), tmp_path)["last"].op == "elu"
    turned = [helper.make_node("Concat", ["a", "a"], ["last"], axis=2)]
    assert read(written(graph, more=turned), tmp_path)["last"].op == "concat of another kind"


def test_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    graph = chain((16, 16, 3), conv("a", 8, 3))
    with pytest.raises(InvalidFile, match="4 pictures at once"):
        read(written(graph, 4), tmp_path)
    with pytest.raises(InvalidFile, match="cannot be read") as caught:
        read(b"no ONNX file", tmp_path)
    assert "torch.onnx.export" in caught.value.hint


def test_open_sizes_are_to_be_fixed(tmp_path: Path) -> None:
    import onnx

    model = onnx.load_model_from_string(written(chain((16, 16, 3), conv("a", 8, 3))))
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "height"
    with pytest.raises(InvalidFile, match="fix height and width"):
        read(model.SerializeToString(), tmp_path)


def test_without_the_package_it_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(NotSupported, match="package onnx") as caught:
        read(b"", tmp_path)
    assert "dse[onnx]" in caught.value.hint


GOOD = written(chain((8, 8, 3), conv("a", 4, 3), conv("b", 4)))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.binary(max_size=3))
def test_a_damaged_file_is_an_error_or_a_graph(place: int, other: bytes) -> None:
    content = GOOD[:place] + other + GOOD[place + len(other) :]
    with contextlib.suppress(DseError):
        parse_onnx(content, Path("x.onnx"))
