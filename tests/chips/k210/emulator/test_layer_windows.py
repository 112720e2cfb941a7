"""Layers of version 3 that read many numbers for one, against their definition."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from dse.chips.k210.kmodel import layers
from dse.chips.k210.kmodel.records import Shape3
from dse.errors import VerificationFailed
from tests.chips.k210.emulator.old_runs import PICTURES, numbers, run_layer
from tests.chips.k210.old_kmodels import FLOAT, LEVELS

F = np.float32


def test_channels_are_averaged_one_number_after_the_other() -> None:
    given_ = numbers(FLOAT, (3, 7))
    found = run_layer(layers.GlobalAveragePool, given_, 3, kernel=7, channels=3)
    for channel in range(3):
        total = F(0)
        for one in given_[1, channel]:
            total = F(total + one)
        assert found[1, channel] == F(total / F(7))


@pytest.mark.parametrize("mean", [False, True])
@pytest.mark.parametrize(("kernel", "stride", "padding"), [(2, 2, 0), (3, 1, 1), (3, 2, 1)])
def test_pools(mean: bool, kernel: int, stride: int, padding: int) -> None:
    """As many windows as the file says; what lies outside does not count."""
    high, wide = 5 // stride, 6 // stride
    given_ = numbers(FLOAT if mean else LEVELS, (2, 5, 6))
    values: dict[str, Any] = {
        "in_shape": Shape3(6, 5, 2), "shape": Shape3(wide, high, 2), "kernel_width": kernel,
        "kernel_height": kernel, "stride_width": stride, "stride_height": stride,
        "padding_width": padding, "padding_height": padding,
    }  # fmt: skip
    if mean:
        found = run_layer(layers.AveragePool, given_, 2 * high * wide, activation=0, **values)
    else:
        found = run_layer(layers.QuantizedMaxPool, given_, 2 * high * wide, output=LEVELS, **values)
    for c, y, x in product(range(2), range(high), range(wide)):
        total, count = F(0), 0
        for ky, kx in product(range(kernel), range(kernel)):
            row, column = y * stride - padding + ky, x * stride - padding + kx
            if 0 <= row < 5 and 0 <= column < 6:
                one = F(given_[1, c, row, column])
                total, count = F(total + one) if mean else max(total, one), count + 1
        wanted = F(total / F(count)) if mean else total
        assert found[1].reshape(2, high, wide)[c, y, x] == wanted


@pytest.mark.parametrize(("activation", "low", "high"), [(0, -99, 99), (1, 0, 99), (2, 0, 6)])
@pytest.mark.parametrize("inputs", [8, 5])
def test_all_are_connected_and_the_bias_comes_last(
    activation: int, low: float, high: float, inputs: int
) -> None:
    dice = np.random.default_rng(4)
    weights = dice.uniform(-2, 2, (3, inputs)).astype(np.float32)
    bias = dice.uniform(-2, 2, 3).astype(np.float32)
    given_ = numbers(FLOAT, (inputs,))
    found = run_layer(
        layers.FullyConnected, given_, 3, tail=weights.tobytes() + bias.tobytes(),
        in_channels=inputs, out_channels=3, activation=activation,
    )  # fmt: skip
    for out in range(3):
        total = F(0)
        for one, weight in zip(given_[2], weights[out], strict=True):
            total = F(total + F(one * weight))
        assert found[2, out] == min(max(F(total + bias[out]), F(low)), F(high))


@pytest.mark.parametrize("kind", [FLOAT, LEVELS])
@pytest.mark.parametrize("size", [(6, 8), (5, 3)])
def test_maps_are_resized_to_the_nearest_pixel(kind: int, size: tuple[int, int]) -> None:
    given_ = numbers(kind, (2, 3, 4))
    layer = layers.Resize if kind == FLOAT else layers.QuantizedResize
    found = run_layer(
        layer, given_, 2 * size[0] * size[1], output=kind, in_shape=Shape3(4, 3, 2), width=size[1],
        height=size[0], align_corners=1,
    ).reshape(PICTURES, 2, *size)  # fmt: skip
    for y, x in product(range(size[0]), range(size[1])):
        row, column = int(y * F(F(3) / F(size[0]))), int(x * F(F(4) / F(size[1])))
        np.testing.assert_array_equal(found[:, :, y, x], given_[:, :, min(row, 2), min(column, 3)])


@pytest.mark.parametrize(
    "changed",
    [
        {"stride_width": 0},
        {"kernel_height": 2**30, "kernel_width": 2**30},
        {"padding_width": -1},
        {"shape": Shape3(2, 2, 3)},
        {"shape": Shape3(2**31 - 1, 2, 2)},
    ],
)
def test_windows_that_make_no_sense_are_refused(changed: dict[str, Any]) -> None:
    values: dict[str, Any] = {
        "in_shape": Shape3(6, 5, 2), "shape": Shape3(3, 2, 2), "kernel_width": 2,
        "kernel_height": 2, "stride_width": 2, "stride_height": 2, "padding_width": 0,
        "padding_height": 0, "activation": 0, **changed,
    }  # fmt: skip
    with pytest.raises(VerificationFailed):
        run_layer(layers.AveragePool, numbers(FLOAT, (2, 5, 6)), 12, **values)
