"""TensorFlow-Lite files as layer graphs: what is folded, what is kept, what is refused."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tflite
from hypothesis import given, settings
from hypothesis import strategies as st

from dse.chips import judge, load_target, price
from dse.errors import InvalidFile
from dse.network.detector import detector_graph
from dse.network.graph import Graph
from dse.network.tflite_graph import read_tflite
from dse.space import Training
from tests.network.tflite_nets import OP, SAME, VALID, Net


def test_a_pad_becomes_the_convolutions_own(tmp_path: Path) -> None:
    net = Net(32, 32, 3)
    net.pad("pad", [(0, 0), (1, 1), (1, 1), (0, 0)])
    net.conv("conv", 8, 3, 2, VALID, FusedActivationFunction=tflite.ActivationFunctionType.RELU6)
    graph = net.graph(tmp_path)
    assert [layer.op for layer in graph] == ["input", "conv"]
    conv = graph["conv"]
    assert (conv.padding, conv.stride, conv.shape) == ((1, 1, 1, 1), 2, (16, 16, 8))
    assert (conv.inputs, conv.activation, conv.bias) == (("picture",), "relu6", True)
    assert graph.parameters == 9 * 3 * 8 + 8


def test_same_padding_is_bottom_right_when_it_is_odd(tmp_path: Path) -> None:
    net = Net(32, 33, 3)
    net.conv("conv", 8, 3, 2, SAME)
    assert net.graph(tmp_path)["conv"].padding == (0, 1, 1, 1)


def test_a_pad_that_others_read_stays_for_them(tmp_path: Path) -> None:
    net = Net(32, 32, 3)
    pad = net.pad("pad", [(0, 0), (1, 1), (1, 1), (0, 0)])
    conv = net.conv("conv", 8, 3, 1, VALID)
    graph = net.graph(tmp_path, conv, pad)
    assert graph["conv"].inputs == (graph.input.name,)
    assert graph["conv"].padding == graph["pad"].padding == (1, 1, 1, 1)
    assert graph["pad"].shape == (34, 34, 3)


def test_padding_of_channels_is_no_convolutions(tmp_path: Path) -> None:
    net = Net(8, 8, 3)
    net.pad("pad", [(0, 0), (1, 1), (1, 1), (0, 5)])
    net.conv("conv", 8, 3, 1, VALID)
    graph = net.graph(tmp_path)
    assert graph["conv"].inputs == ("pad",)
    assert graph.operators is not None


def test_an_activation_joins_the_layer_before(tmp_path: Path) -> None:
    net = Net(8, 8, 3)
    net.conv("conv", 4, 1, 1, VALID)
    net.add(OP.RELU6, "relu", [net.last], net.shape, net.options("Pad"))
    graph = net.graph(tmp_path)
    assert [layer.name for layer in graph] == ["picture", "conv"]
    assert (graph["conv"].activation, graph.outputs) == ("relu6", ("conv",))


def test_an_activation_of_a_shared_map_stays(tmp_path: Path) -> None:
    net = Net(8, 8, 3)
    conv = net.conv("conv", 4, 1, 1, VALID)
    relu = net.add(OP.RELU6, "relu", [conv], net.shape, net.options("Pad"))
    graph = net.graph(tmp_path, conv, relu)
    assert graph["relu"].op == "relu6"
    assert graph["conv"].activation == "linear"


def test_additions_concatenations_resizes_and_pools(tmp_path: Path) -> None:
    net = Net(8, 8, 3)
    one = net.conv("one", 4, 1, 1, VALID)
    two = net.conv("two", 4, 1, 1, VALID)
    net.add(OP.ADD, "sum", [one, two], net.shape, net.options("Add"))
    net.add(OP.CONCATENATION, "both", [net.last, one], (1, 8, 8, 8),
            net.options("Concatenation", Axis=3))  # fmt: skip
    size = net.writer.constant("size", np.array([16, 16], np.int32))
    net.add(OP.RESIZE_BILINEAR, "up", [net.last, size], (1, 16, 16, 8),
            net.options("ResizeBilinear"))  # fmt: skip
    net.add(OP.MAX_POOL_2D, "pool", [net.last], (1, 8, 8, 8),
            net.options("Pool2D", Padding=VALID, StrideH=2, StrideW=2, FilterHeight=2,
                        FilterWidth=2))  # fmt: skip
    graph = net.graph(tmp_path)
    ops = [layer.op for layer in graph]
    assert ops == ["input", "conv", "conv", "add", "concat", "upsample", "maxpool"]
    assert (graph["up"].stride, graph["pool"].kernel, graph["pool"].stride) == (2, 2, 2)
    assert graph["both"].inputs == ("sum", "one")


def test_an_addition_of_a_constant_is_an_operator_of_its_own(tmp_path: Path) -> None:
    net = Net(8, 8, 3)
    shift = net.writer.constant("shift", np.ones(3, np.float32))
    net.add(OP.ADD, "sum", [net.last, shift], net.shape, net.options("Add"))
    net.add(OP.SOFTMAX, "soft", [net.last], net.shape, net.options("Softmax"))
    target = load_target("k210")
    graph = net.graph(tmp_path)
    assert [layer.op for layer in graph] == ["input", "add", "softmax"]
    assert judge(price(graph, "kpu8", target), target).status == "accepted"


@pytest.mark.parametrize(
    "values", [{"DilationHFactor": 2, "DilationWFactor": 2}, {"StrideH": 1, "StrideW": 2}]
)
def test_windows_that_a_layer_cannot_say_keep_their_name(
    tmp_path: Path, values: dict[str, int]
) -> None:
    net = Net(16, 16, 3)
    net.conv("conv", 4, 3, 1, SAME, **values)
    graph = net.graph(tmp_path)
    assert graph["conv"].op == "conv_2d"
    assert graph.operators is not None


def test_names_of_one_tensor_each(tmp_path: Path) -> None:
    net = Net(8, 8, 3)
    net.conv("block/relu;block/conv", 4, 1, 1, VALID)
    net.conv("block/relu;other", 4, 1, 1, VALID)
    names = [layer.name for layer in net.graph(tmp_path)]
    assert names == ["picture", "block/relu", "block/relu#2"]


def test_several_pictures_at_once_are_refused(tmp_path: Path) -> None:
    net = Net(8, 8, 3, pictures=4)
    net.conv("conv", 4, 1, 1, VALID)
    with pytest.raises(InvalidFile, match="takes 4 pictures at once"):
        net.graph(tmp_path)


def small_file() -> bytes:
    net = Net(16, 16, 3)
    net.pad("pad", [(0, 0), (1, 1), (1, 1), (0, 0)])
    net.conv("conv", 8, 3, 2, VALID)
    return net.writer.to_bytes([net.input], [net.last])


def test_files_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "x.tflite"
    with pytest.raises(InvalidFile, match="No such file"):
        read_tflite(path)
    path.write_bytes(b"")
    with pytest.raises(InvalidFile, match="is not a TensorFlow-Lite file"):
        read_tflite(path)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_damaged_files_are_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Cut anywhere, or with bytes changed: a graph or InvalidFile, never another error."""
    content = bytearray(small_file())
    for _ in range(data.draw(st.integers(0, 3))):
        place = data.draw(st.integers(8, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / "x.tflite"
    path.write_bytes(content[: data.draw(st.integers(8, len(content)))])
    try:
        assert isinstance(read_tflite(path), Graph)
    except InvalidFile as error:
        assert "x.tflite" in str(error)


@pytest.mark.slow
def test_tensorflow_is_not_needed() -> None:
    import subprocess

    code = "import sys, dse.network.tflite_graph; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", ["A63-a0.35-96", "C63-a0.5-160"])
def test_an_exported_detector_costs_what_its_candidate_costs(tmp_path: Path, name: str) -> None:
    from dse.chips.k210.compiler.tflite import folded_to_tflite

    graph = detector_graph(Training.parse(name))
    folded: dict[str, Any] = {}
    for layer in graph:
        if layer.op in ("conv", "depthwise"):
            inside = graph.input_shapes(layer)[0][2]
            sides = (inside, layer.shape[2]) if layer.op == "conv" else (inside, 1)
            kernel = np.zeros((layer.kernel, layer.kernel, *sides), np.float32)
            folded[layer.name] = (kernel, np.zeros(layer.shape[2], np.float32))
    path = tmp_path / f"{name}.tflite"
    path.write_bytes(folded_to_tflite(graph, folded))
    target = load_target("k210")
    ours = price(graph, "kpu8", target)
    theirs = price(read_tflite(path), "kpu8", target)
    for field in ("kmodel_bytes", "main_memory_bytes", "peak_kpu_bytes", "latency_ms", "macs"):
        assert getattr(ours, field) == getattr(theirs, field), field
