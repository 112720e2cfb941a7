"""Small files of operators that people bring, each built of what no map layer can tell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import tflite

from dse.network.graph import Graph
from tests.network.tflite_nets import OP, SAME, VALID, Net

__all__ = ["NETS", "Drawn", "graph_of"]

RELU6 = tflite.ActivationFunctionType.RELU6


class Drawn(Net):
    """A file with random weights: equal constants would be merged."""

    def __init__(self, height: int = 16, width: int = 16, channels: int = 3) -> None:
        super().__init__(height, width, channels)
        self.rng = np.random.default_rng(0)

    def floats(self, name: str, *sides: int) -> int:
        """A constant of random numbers."""
        return self.writer.constant(name, self.rng.normal(0, 0.3, sides).astype(np.float32))

    def integers(self, name: str, values: object) -> int:
        return self.writer.constant(name, np.array(values, np.int32))

    def relu6_conv(self, name: str, channels: int, kernel: int = 3) -> int:
        return self.conv(name, channels, kernel, 1, SAME, FusedActivationFunction=RELU6)

    def conv(
        self, name: str, channels: int, kernel: int, stride: int, padding: int, **values: int
    ) -> int:
        inside = self.shape[-1]
        weights = self.floats(f"{name}/w", channels, kernel, kernel, inside)
        bias = self.floats(f"{name}/b", channels)
        trimmed = 0 if padding == SAME else kernel - 1
        sides = (-(-(side - trimmed) // stride) for side in self.shape[1:3])
        fields = {"Padding": padding, "StrideH": stride, "StrideW": stride, **values}
        fields = {"DilationHFactor": 1, "DilationWFactor": 1, **fields}
        options = self.options("Conv2D", **fields)
        inputs, shape = [self.last, weights, bias], (1, *sides, channels)
        return self.add(OP.CONV_2D, name, inputs, shape, options)

    def plain(self, code: int, name: str, inputs: list[int], shape: tuple[int, ...]) -> int:
        """An operator without options of its own."""
        return self.add(code, name, inputs, shape, self.options("Pad"))

    def reshape(self, name: str, *shape: int) -> int:
        return self.add(OP.RESHAPE, name, [self.last], shape, self.options("Reshape"))

    def dense(self, name: str, out: int) -> int:
        weights = self.floats(f"{name}/w", out, self.shape[-1])
        bias = self.writer.constant(f"{name}/b", np.zeros(out, np.float32))
        inputs = [self.last, weights, bias]  # (another bias may widen the padded map's range)
        return self.add(OP.FULLY_CONNECTED, name, inputs, (1, out), self.options("FullyConnected"))

    def softmax(self, name: str) -> int:
        return self.add(
            OP.SOFTMAX, name, [self.last], self.shape, self.options("Softmax", Beta=1.0)
        )

    def binary(self, kind: str, name: str, one: int, other: int) -> int:
        code = getattr(OP, kind.upper())
        return self.add(code, name, [one, other], self.shape, self.options(kind.capitalize()))

    def reduce(self, code: int, name: str, axes: list[int], keep: bool) -> int:
        kept = (1 if axis in axes else side for axis, side in enumerate(self.shape))
        left = (side for axis, side in enumerate(self.shape) if axis not in axes)
        shape = tuple(kept if keep else left)
        inputs = [self.last, self.integers(f"{name}/axes", axes)]
        return self.add(code, name, inputs, shape, self.options("Reducer", KeepDims=keep))

    def pool(self, code: int, name: str, height: int, width: int, fused: int = 0) -> int:
        n, rows, columns, channels = self.shape
        shape = (n, rows // height, columns // width, channels)
        values = {"StrideH": height, "StrideW": width, "FilterHeight": height}
        values["FusedActivationFunction"] = fused
        options = self.options("Pool2D", Padding=VALID, FilterWidth=width, **values)
        return self.add(code, name, [self.last], shape, options)


def _flat(net: Drawn) -> None:
    net.relu6_conv("a", 8)
    net.pool(OP.MAX_POOL_2D, "pool", 2, 2)
    net.reshape("flat", 1, 512)
    net.dense("dense", 4)
    net.softmax("soft")


def _map_softmax(net: Drawn) -> None:
    net.conv("a", 3, 1, 1, VALID)
    net.softmax("soft")


def _gate(net: Drawn) -> None:
    a = net.relu6_conv("a", 8)
    shape = net.shape
    net.reduce(OP.MEAN, "mean", [1, 2], True)
    gate = net.conv("gate", 8, 1, 1, VALID)
    net.shape = shape
    net.binary("mul", "gated", a, gate)
    net.relu6_conv("b", 8)


def _swish(net: Drawn) -> None:
    a = net.conv("a", 8, 3, 1, SAME)
    gate = net.plain(OP.LOGISTIC, "gate", [a], net.shape)
    net.binary("mul", "swish", a, gate)
    net.relu6_conv("b", 8)


def _prelu(net: Drawn) -> None:
    a = net.conv("a", 8, 3, 1, SAME)
    net.plain(OP.PRELU, "prelu", [a, net.floats("slope", 1, 1, 8)], net.shape)
    net.relu6_conv("b", 8)


def _normalised(net: Drawn) -> None:
    a = net.relu6_conv("a", 8)
    scaled = net.binary("mul", "scaled", a, net.floats("scale", 8))
    net.binary("add", "moved", scaled, net.floats("shift", 8))
    net.relu6_conv("b", 8)


def _maxima(net: Drawn) -> None:
    a = net.relu6_conv("a", 8)
    b = net.relu6_conv("b", 8)
    net.plain(OP.MAXIMUM, "greater", [a, b], net.shape)


def _pools(net: Drawn) -> None:
    net.relu6_conv("a", 8)
    net.pool(OP.MAX_POOL_2D, "wide", 1, 2)
    net.pool(OP.AVERAGE_POOL_2D, "high", 2, 1)
    net.relu6_conv("b", 8)


def _greatest(net: Drawn) -> None:
    net.relu6_conv("a", 8)
    net.reduce(OP.REDUCE_MAX, "greatest", [1, 2], False)
    net.dense("dense", 3)


def _mirrored(net: Drawn) -> None:
    table = net.integers("amounts", [(0, 0), (1, 1), (1, 1), (0, 0)])
    options = net.options("MirrorPad", Mode=0)
    net.add(OP.MIRROR_PAD, "mirrored", [net.last, table], (1, 18, 18, 3), options)
    net.conv("a", 8, 3, 1, VALID)


def _joined_rows(net: Drawn) -> None:
    a = net.relu6_conv("a", 8)
    b = net.relu6_conv("b", 8)
    options = net.options("Concatenation", Axis=1)
    net.add(OP.CONCATENATION, "joined", [a, b], (1, 32, 16, 8), options)
    net.relu6_conv("c", 8)


def _tanh(net: Drawn) -> None:
    net.reduce(OP.MEAN, "mean", [1, 2], False)
    net.dense("dense", 5)
    net.plain(OP.TANH, "tanh", [net.last], net.shape)


def _hidden(net: Drawn) -> None:
    net.reduce(OP.MEAN, "mean", [1, 2], False)
    for name in ("one", "two"):
        net.dense(name, 40)
        net.plain(OP.LOGISTIC, f"function {name}", [net.last], net.shape)
    net.dense("dense", 3)


def _one_channel(net: Drawn) -> None:
    a = net.conv("a", 1, 3, 1, SAME)
    net.plain(OP.PRELU, "prelu", [a, net.floats("slope", 1, 1, 1)], net.shape)
    net.relu6_conv("b", 8)


def _transposed(net: Drawn) -> None:
    a = net.relu6_conv("a", 8)
    perm = net.integers("perm", [0, 3, 1, 2])
    net.add(OP.TRANSPOSE, "planes", [a, perm], (1, 8, 16, 16), net.options("Transpose"))
    net.reshape("boxes", 1, 64, 32)


def _resized(net: Drawn) -> None:
    a = net.relu6_conv("a", 8)
    size = net.integers("size", [24, 40])
    net.add(OP.RESIZE_BILINEAR, "up", [a, size], (1, 24, 40, 8), net.options("ResizeBilinear"))
    net.relu6_conv("b", 8)


def _dilated(net: Drawn) -> None:
    net.relu6_conv("a", 8)
    net.conv("b", 8, 3, 1, SAME, DilationHFactor=2, DilationWFactor=2)


def _sliced(net: Drawn) -> None:
    a = net.relu6_conv("a", 8)
    begin, size = net.integers("begin", [0, 0, 0, 4]), net.integers("size", [1, 16, 16, 4])
    net.add(OP.SLICE, "half", [a, begin, size], (1, 16, 16, 4), net.options("Slice"))
    net.relu6_conv("b", 8)


def _rows(net: Drawn) -> None:
    a = net.relu6_conv("a", 8)
    begin, size = net.integers("begin", [0, 4, 0, 0]), net.integers("size", [1, 6, 16, 8])
    net.add(OP.SLICE, "some", [a, begin, size], (1, 6, 16, 8), net.options("Slice"))
    net.relu6_conv("b", 8)


NETS: dict[str, Callable[[Drawn], None]] = {
    "flat": _flat, "map softmax": _map_softmax, "gate": _gate, "swish": _swish, "prelu": _prelu,
    "normalised": _normalised, "maxima": _maxima, "pools": _pools, "greatest": _greatest,
    "mirrored": _mirrored, "joined rows": _joined_rows, "tanh": _tanh, "hidden": _hidden,
    "one channel": _one_channel, "transposed": _transposed, "resized": _resized,
    "dilated": _dilated, "sliced": _sliced, "rows": _rows,
}  # fmt: skip


def graph_of(name: str, folder: Path) -> Graph:
    """The network `name`, read from a file in `folder`, net.tflite."""
    net = Drawn()
    NETS[name](net)
    return net.graph(folder)
