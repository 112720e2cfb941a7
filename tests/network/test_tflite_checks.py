"""TensorFlow-Lite files that lie about themselves: refused in words, soon, and in little memory."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tflite

from dse.errors import InvalidFile
from dse.network.graph import Graph
from dse.network.tflite_graph import read_tflite
from tests.network.tflite_nets import OP, VALID, Net


def _conv(channels: int = 4, kernel: int = 1) -> Net:
    net = Net(8, 8, 3)
    net.conv("conv", channels, kernel, 1, VALID)
    return net


def _add(net: Net, code: int, inputs: list[int], shape: tuple[int, ...], kind: str) -> Net:
    net.add(code, "next", inputs, shape, net.options(kind))
    return net


def _constant(net: Net, array: Any) -> int:
    return net.writer.constant("constant", np.asarray(array))


def _cyclic() -> Net:
    """An addition of what only a later one writes."""
    net = _conv()
    later = net.last + 2
    _add(net, OP.ADD, [net.last, later], net.shape, "Add")
    return _add(net, OP.ADD, [net.last, net.last], net.shape, "Add")


def _written_twice() -> Net:
    net = _conv()
    net.writer.operator(OP.RELU, [net.last], net.last, net.options("Pad"))
    return net


def _padded(amount: int) -> Net:
    net = Net(8, 8, 3)
    table = _constant(net, np.array([[0, 0], [amount, amount], [0, 0], [0, 0]], np.int32))
    return _add(net, OP.PAD, [net.last, table], (1, 8, 8, 3), "Pad")


LIES: list[tuple[str, Callable[[], Net], str]] = [
    ("a tensor that is not there", lambda: _add(_conv(), OP.RELU, [99], (1, 8, 8, 4), "Pad"), "99"),
    ("a negative one", lambda: _add(_conv(), OP.RELU, [-7], (1, 8, 8, 4), "Pad"), "-7"),
    ("one that comes later", _cyclic, "nothing wrote before"),
    ("one written twice", _written_twice, "an operator writes"),
    ("negative sides", lambda: _add(_conv(), OP.TANH, [0], (1, -8, 8, 4), "Pad"), "sides"),
    ("too many sides", lambda: _add(_conv(), OP.TANH, [0], (1,) * 9, "Pad"), "9 sides"),
    (
        "numbers without end",
        lambda: _add(_conv(), OP.TANH, [0], (1, 65536, 65536, 65536), "Pad"),
        "281,474,976,710,656 numbers",
    ),
    (
        "windows that make another map",
        lambda: _add(_conv(), OP.MAX_POOL_2D, [0], (1, 8, 8, 3), "Pool2D"),
        "windows of 0",
    ),
    ("paddings that make another map", lambda: _padded(1 << 30), "make no map"),
    ("other options", lambda: _add(_conv(), OP.ADD, [0, 0], (1, 8, 8, 3), "Pad"), "no AddOptions"),
    (
        "more inputs than any operator has",
        lambda: _add(_conv(), OP.CONCATENATION, [0] * 1025, (1, 8, 8, 3), "Concatenation"),
        "1025 tensors",
    ),
    ("an endless name", lambda: _named("x" * (1 << 21)), "names have over"),
]  # fmt: skip


def _named(name: str) -> Net:
    net = Net(8, 8, 3)
    net.conv(name, 4, 1, 1, VALID)
    return net


@pytest.mark.parametrize(("make", "why"), [lie[1:] for lie in LIES], ids=[lie[0] for lie in LIES])
def test_a_file_that_lies_is_refused(tmp_path: Path, make: Callable[[], Net], why: str) -> None:
    with pytest.raises(InvalidFile, match=why):
        make().graph(tmp_path)


def test_a_buffer_of_another_size_than_its_shape_is_refused(tmp_path: Path) -> None:
    content = _file(tmp_path, _conv(7))
    model = tflite.Model.GetRootAs(content, 0)
    tensors = model.Subgraphs(0)
    sides = np.frombuffer(np.array([7, 1, 1, 3], "<i4").tobytes(), np.uint8).tobytes()
    assert tensors.TensorsLength() == 4 and content.count(sides) == 1
    for changed in ((9, 1, 1, 3), (0, 1, 1, 3), (7, 1, 1, 1 << 28)):
        path = tmp_path / "x.tflite"
        path.write_bytes(content.replace(sides, np.array(changed, "<i4").tobytes()))
        with pytest.raises(InvalidFile, match=r"84 bytes for|numbers"):
            read_tflite(path)


def _file(tmp_path: Path, net: Net) -> bytes:
    net.graph(tmp_path)
    return (tmp_path / "net.tflite").read_bytes()


def test_a_convolution_in_groups_is_another_operation(tmp_path: Path) -> None:
    """Counted as a whole one it would cost a multiple of what it does."""
    net = Net(8, 8, 4)
    weights = [_constant(net, np.zeros(side, np.float32)) for side in ((6, 1, 1, 2), (6,))]
    fields = {"StrideH": 1, "StrideW": 1, "DilationHFactor": 1, "DilationWFactor": 1}
    options = net.options("Conv2D", Padding=VALID, **fields)
    net.add(OP.CONV_2D, "grouped", [net.last, *weights], (1, 8, 8, 6), options)
    assert net.graph(tmp_path)["grouped"].op == "conv_2d"


def test_names_cannot_move_the_cursor(tmp_path: Path) -> None:
    names = [layer.name for layer in _named("a\x1b[2J\nb\u202e").graph(tmp_path)]
    assert names == ["picture", r"a\x1b[2J\nb\u202e"]


@pytest.mark.slow
def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.tflite")
    with (tmp_path / "huge.tflite").open("wb") as file:
        file.truncate(1 << 40)
    for name, why in (("x", "not a regular file"), ("huge", "larger than 256 MiB")):
        with pytest.raises(InvalidFile, match=why):
            read_tflite(tmp_path / f"{name}.tflite")


@pytest.mark.slow
def test_the_deepest_graph_that_is_allowed_is_read_at_once(tmp_path: Path) -> None:
    """Thousands of paddings, of which each asks who else reads it."""
    net = Net(8, 8, 3)
    table = _constant(net, np.zeros((4, 2), np.int32))
    for _ in range(4096):
        net.add(OP.PAD, "pad", [net.last, table], net.shape, net.options("Pad"))
    started = time.process_time()
    assert isinstance(net.graph(tmp_path), Graph)
    assert time.process_time() - started < 20
    net.add(OP.PAD, "pad", [net.last, table], net.shape, net.options("Pad"))
    with pytest.raises(InvalidFile, match="4097 operators"):
        net.graph(tmp_path)
