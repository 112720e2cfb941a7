"""Layers against loops in whole numbers, also those that nncase does not write today."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from dse.chips.k210.emulator.convolution import PICKS, WINDOWS, Layer, Pick, prepare_layer
from dse.chips.k210.kmodel.kpu_layer import POOL_STEPS, Convolution, KpuMap
from dse.errors import CompilerError
from tests.chips.k210.emulator.kpu_tables import (
    clipping,
    curved,
    packed_norm,
    packed_segments,
    slow_levels,
)

pytestmark = pytest.mark.slow

ZERO = 37
"""Level that stands for 0 in the input, and so for what lies beyond the edge."""


def _layer(kernel: int, depthwise: bool, inputs: int, outputs: int, pool: int) -> Convolution:
    step = POOL_STEPS[pool]
    return Convolution(
        read=KpuMap(0, inputs, 8, 12), written=KpuMap(0, outputs, 8 // step, 12 // step),
        kernel=kernel,
        depthwise=depthwise, pool=pool, pad_value=ZERO, bias_x=-128, bias_w=-ZERO,
        bias=128 * ZERO * kernel**2, weights=160 + 8 * outputs, batch_norm=160, activation=0,
        target=None,
    )  # fmt: skip


def _truth(layer: Convolution, maps: NDArray[np.uint8], weights: NDArray[np.uint8], table, norm):  # type: ignore[no-untyped-def]
    """The sums as the chip adds them up, every pixel, activation and pool."""
    edge = layer.kernel // 2
    edges = ((0, 0), (0, 0), (edge, edge), (edge, edge))
    x = np.pad(maps.astype(np.int64), edges, constant_values=layer.pad_value)
    sums = np.zeros((len(weights), *maps.shape[1:]), np.int64)
    w = weights.astype(np.int64)
    for out in range(len(weights)):
        for i in range(w.shape[1]):
            source = x[out if layer.depthwise else i]
            for ky in range(layer.kernel):
                for kx in range(layer.kernel):
                    level = source[:, ky : ky + maps.shape[2], kx : kx + maps.shape[3]]
                    weight = w[out, i, ky, kx]
                    sums[out] += level * weight + layer.bias_x * level + layer.bias_w * weight
            sums[out] += layer.bias
    return _pooled(slow_levels(sums, norm, table), layer.pool)


def _pooled(maps: NDArray[np.uint8], pool: int) -> NDArray[np.uint8]:
    if pool in PICKS:
        pick = PICKS[pool]
        return maps[:, :, :: pick.stride, pick.left :: pick.stride]
    if pool not in WINDOWS:
        return maps
    window, stride = WINDOWS[pool]
    high, wide = maps.shape[2] // stride, maps.shape[3] // stride
    found = np.zeros((*maps.shape[:2], high, wide), np.uint8)
    for y in range(high):
        for x in range(wide):
            rows = [min(y * stride + i, maps.shape[2] - 1) for i in range(window)]
            columns = [min(x * stride + i, maps.shape[3] - 1) for i in range(window)]
            part = maps[:, :, rows][:, :, :, columns].astype(np.int64)
            mean = part.sum(axis=(2, 3)) // window**2
            found[:, :, y, x] = mean if pool % 2 == 0 else part.max(axis=(2, 3))
    return found


def _prepared(
    layer: Convolution, seed: int = 0, curve: bool = False
) -> tuple[Layer, NDArray[np.uint8], NDArray[np.uint8]]:
    rng = np.random.default_rng(seed)
    outputs, inputs = layer.written.channels, 1 if layer.depthwise else layer.read.channels
    weights = rng.integers(0, 256, (outputs, inputs, layer.kernel, layer.kernel), dtype=np.uint8)
    table = curved(seed) if curve else clipping()
    norm = [
        (int(rng.integers(900_000, 2_000_000)), 13, int(rng.integers(-9_000, 400_000)))
        for _ in weights
    ]
    head = packed_segments(table).ljust(160, b"\0")
    rdata = head + packed_norm(norm) + weights.tobytes()
    pick = PICKS.get(layer.pool, Pick())
    maps = rng.integers(0, 256, (layer.read.channels, 3, 8, 12), dtype=np.uint8)
    return prepare_layer(layer, rdata, pick), maps, _truth(layer, maps, weights, table, norm)


@pytest.mark.parametrize("pool", range(10))
@pytest.mark.parametrize("kernel", [1, 3])
def test_full_convolutions(kernel: int, pool: int) -> None:
    prepared, maps, truth = _prepared(_layer(kernel, False, 5, 7, pool), pool)
    assert truth.std() > 20
    np.testing.assert_array_equal(prepared.run(maps), truth)


@pytest.mark.parametrize("pool", [0, 1, 5, 6, 7, 8])
@pytest.mark.parametrize("kernel", [1, 3])
def test_depthwise_convolutions(kernel: int, pool: int) -> None:
    prepared, maps, truth = _prepared(_layer(kernel, True, 6, 6, pool), pool)
    assert truth.std() > 20
    np.testing.assert_array_equal(prepared.run(maps), truth)


@pytest.mark.parametrize("depthwise", [False, True])
def test_activations_with_many_slopes(depthwise: bool) -> None:
    prepared, maps, truth = _prepared(_layer(3, depthwise, 6, 6, 0), 3, curve=True)
    np.testing.assert_array_equal(prepared.run(maps), truth)


@pytest.mark.parametrize("depthwise", [False, True])
@pytest.mark.parametrize("pool", [0, 6])
def test_what_float64_cannot_hold_is_computed_in_whole_numbers(depthwise: bool, pool: int) -> None:
    prepared, maps, truth = _prepared(_layer(3, depthwise, 6, 6, pool), 1)
    assert prepared.activation is not None
    slow: Layer = replace(prepared, activation=None, weights=prepared.weights.astype(np.float64))
    np.testing.assert_array_equal(slow.run(maps), truth)


def test_sums_beyond_float32_are_added_in_float64() -> None:
    layer = _layer(3, False, 1024, 2, 0)
    rdata = packed_segments(clipping()).ljust(160, b"\0") + packed_norm([(1, 0, 0)] * 2)
    prepared = prepare_layer(layer, rdata + bytes([255]) * 2 * 1024 * 9, Pick())
    assert prepared.weights.dtype == np.float64


def test_offsets_that_are_no_differences_are_refused() -> None:
    layer = replace(_layer(1, False, 1, 1, 0), bias=5)
    with pytest.raises(CompilerError, match="offsets"):
        prepare_layer(layer, bytes(1000), Pick())
