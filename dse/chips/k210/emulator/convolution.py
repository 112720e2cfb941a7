"""One layer of the accelerator, made ready to run on batches.

The arithmetic is `kpu_conv2d` and `kpu_pool2d` of nncase 1.9.0's `k210_kernels.h`. Its sums

    sum x w + bias_x sum x + bias_w sum w + bias * channels

are those of (x + bias_w) (w + bias_x), as `bias` is what these products lack.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.chips.k210.emulator import kernels
from dse.chips.k210.emulator.activation import Activation, activation_of
from dse.chips.k210.emulator.layer_tables import BatchNorm, Segments, read_batch_norm, read_segments
from dse.chips.k210.kmodel.kpu_layer import ACTIVATION_BYTES, POOL_STEPS, Convolution
from dse.errors import CompilerError

__all__ = ["PICKS", "Layer", "Maps", "Pick", "prepare_layer"]

EXACT_FLOAT32 = 1 << 24
"""Whole numbers up to here are exact in float32, and so are their sums in any order."""

BLOCK_NUMBERS = 1 << 17
"""Sums that are computed at a time: 512 KiB, which stay in the second-level cache."""

Maps = NDArray[np.uint8]
"""Feature maps of a batch: (channels, pictures, height, width)."""

Numbers = NDArray[Any]
"""Whole numbers in float32 or float64."""


@dataclass(frozen=True)
class Pick:
    """Which output pixels are wanted: every `stride`-th, from (0, left)."""

    stride: int = 1
    left: int = 0


PICKS = {kind: Pick(POOL_STEPS[kind], left) for kind, left in ((5, 0), (6, 1), (7, 0))}
"""Pool type -> what it keeps; such pools are part of the convolution here."""

WINDOWS = {
    kind: (size, POOL_STEPS[kind])
    for kind, size in ((1, 2), (2, 2), (3, 4), (4, 4), (8, 2), (9, 2))
}
"""Pool type -> (window, stride); even types are means, odd ones maxima."""


@dataclass(frozen=True)
class Layer:
    """Weights, activation and pool of one layer.

    weights: (out, in * kernel^2), or (out, 9) of a depthwise layer. activation: None where
    only `segments` can tell. pick: the pixels that are computed.
    """

    layer: Convolution
    weights: Numbers
    batch_norm: BatchNorm
    segments: Segments
    activation: Activation | None
    pick: Pick

    def run(self, maps: Maps) -> Maps:
        """(out, pictures, height, width) of `maps` (in, pictures, height, width)."""
        _, pictures, height, width = maps.shape
        step = self.pick.stride
        shape = (len(self.weights), pictures, height // step, width // step)
        written = np.empty(shape, np.uint8)
        if self.layer.depthwise:
            self._depthwise(maps, written)
        else:
            self._blocks(maps, written)
        return self._pooled(written)

    def _depthwise(self, maps: Maps, written: Maps) -> None:
        """A 1x1 filter is a 3x3 one here, with zeros around it."""
        step, left, offset, padding = self.pick.stride, self.pick.left, self._offset, self._padding
        flat = written.reshape(len(written), -1)
        if self.activation is not None:
            kernels.convolve_depthwise(
                maps, self.weights, step, left, offset, padding, self.activation, flat
            )
            return
        edges = ((0, 0), (0, 0), (1, 1), (1, 1))
        numbers = np.pad(maps + offset, edges, constant_values=padding)
        high, wide = maps.shape[2:]
        sums = np.zeros(maps.shape, self.weights.dtype)
        for tap, weight in enumerate(self.weights.T):
            y, x = divmod(tap, 3)
            sums += weight[:, None, None, None] * numbers[:, :, y : y + high, x : x + wide]
        picked = sums[:, :, ::step, left::step].reshape(len(sums), -1)
        self._activate(picked, 0, flat)

    def _blocks(self, maps: Maps, written: Maps) -> None:
        """A block of lines of all channels at a time: gather, multiply, activate."""
        out, pictures, high, wide = written.shape
        taps, lines = self.weights.shape[1], pictures * high
        at_once = max(1, BLOCK_NUMBERS // (max(out, taps) * wide))
        room = np.empty((taps + out) * at_once * wide, self.weights.dtype)
        for line in range(0, lines, at_once):
            count = min(at_once, lines - line)
            columns = room[: taps * count * wide].reshape(taps, count, wide)
            sums = room[columns.size : (taps + out) * count * wide].reshape(out, count * wide)
            self._gather(maps, line, columns)
            np.matmul(self.weights, columns.reshape(taps, count * wide), out=sums)
            self._activate(sums, line * wide, written.reshape(out, lines * wide))

    def _gather(self, maps: Maps, line: int, columns: Numbers) -> None:
        """What the lines of output pixels from `line` on read."""
        taps, _, wide = columns.shape
        kernel, step, left = self.layer.kernel, self.pick.stride, self.pick.left
        if kernel == 1 and step == 1:
            pixels = maps.reshape(taps, -1)
            kernels.to_numbers(pixels, line * wide, self._offset, columns.reshape(taps, -1))
            return
        top = -(kernel // 2)
        kernels.gather_columns(
            maps, line, kernel, step, top, top + left, self._offset, self._padding, columns
        )

    def _activate(self, sums: Numbers, first: int, written: Maps) -> None:
        if self.activation is not None:
            kernels.activate(sums, self.activation, first, written)
            return
        z = self.batch_norm.z(sums.astype(np.int64))
        written[:, first : first + sums.shape[1]] = self.segments.levels(z)

    def _pooled(self, maps: Maps) -> Maps:
        kind = self.layer.pool
        if kind not in WINDOWS:
            return maps
        window, step = WINDOWS[kind]
        mean = kind % 2 == 0
        if step == 1:  # beyond the edge: the edge's own level for means, nothing for maxima
            edges = ((0, 0), (0, 0), (0, 1), (0, 1))
            maps = np.pad(maps, edges, mode="edge") if mean else np.pad(maps, edges)
        high, wide = ((side - window) // step + 1 for side in maps.shape[2:])
        parts = [
            maps[:, :, y : y + high * step : step, x : x + wide * step : step]
            for y in range(window)
            for x in range(window)
        ]
        if mean:
            total = np.sum(parts, axis=0, dtype=np.uint32)
            return np.asarray(total // window**2, np.uint8)
        return np.asarray(np.max(parts, axis=0), np.uint8)

    @property
    def _offset(self) -> Any:
        return self.weights.dtype.type(self.layer.bias_w)

    @property
    def _padding(self) -> Any:
        return self.weights.dtype.type(self.layer.pad_value + self.layer.bias_w)


def prepare_layer(layer: Convolution, rdata: bytes, pick: Pick) -> Layer:
    """`layer` with its constants out of `rdata`; `pick` are the pixels that are wanted of it.

    Raises CompilerError where its offsets are not those of products of two differences,
    VerificationFailed where its constants do not lie in `rdata`.
    """
    layer.expect_constants(len(rdata))
    out, size = layer.written.channels, layer.kernel**2
    inputs = 1 if layer.depthwise else layer.read.channels
    if layer.bias != size * layer.bias_x * layer.bias_w:
        raise CompilerError(
            f"the emulator does not know a layer with offsets {layer.bias_x}, {layer.bias_w} "
            f"and {layer.bias}",
            "measure this kmodel with the simulator",
        )
    width = f"<u{layer.weight_width}"
    raw = np.frombuffer(rdata, width, layer.weights_count, layer.weights)
    weights: NDArray[Any] = raw.reshape(out, inputs * size).astype(np.int64) + layer.bias_x
    farthest = max(255 + layer.bias_w, -layer.bias_w, abs(layer.pad_value + layer.bias_w))
    largest_sum = int(farthest * np.abs(weights).sum(axis=1).max())
    norm = read_batch_norm(rdata[layer.batch_norm :], out)
    segments = read_segments(rdata[layer.activation : layer.activation + ACTIVATION_BYTES])
    if layer.depthwise and size == 1:
        weights = np.pad(weights, ((0, 0), (4, 4)))
    number = np.float32 if largest_sum < EXACT_FLOAT32 else np.float64
    activation = activation_of(segments, norm, largest_sum, number)
    return Layer(layer, weights.astype(number), norm, segments, activation, pick)
