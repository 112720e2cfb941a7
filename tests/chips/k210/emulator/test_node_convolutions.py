"""Convolutions and products of matrices of version 4, against their definition."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dse.chips.k210.emulator import predictor
from dse.chips.k210.kmodel import window_nodes as nodes
from dse.chips.k210.kmodel.records import Limits, Margins, Shape4
from dse.errors import VerificationFailed
from tests.chips.k210.emulator.old_runs import FULL, PICTURES, numbers, run_node
from tests.chips.k210.old_kmodels import FLOAT, LEVELS, Version4

F = np.float32
CHANNELS, HIGH, WIDE = 4, 5, 6
PADS = Margins(1, 0), Margins(1, 1)


def window(dilation: int, stride: int) -> dict[str, Any]:
    return {
        "padding_h": PADS[0], "padding_w": PADS[1], "filter_h": 2, "filter_w": 3,
        "stride_h": stride, "stride_w": stride, "dilation_h": dilation, "dilation_w": dilation,
    }  # fmt: skip


def counts(dilation: int, stride: int) -> tuple[int, int]:
    reach = dilation + 1, 2 * dilation + 1
    return (HIGH + 1 - reach[0]) // stride + 1, (WIDE + 2 - reach[1]) // stride + 1


def taps(y: int, x: int, dilation: int, stride: int) -> Any:
    """(ky, kx, row, column) of one output, in the runtime's order."""
    for ky, kx in product(range(2), range(3)):
        row, column = y * stride - 1 + ky * dilation, x * stride - 1 + kx * dilation
        if 0 <= row < HIGH and 0 <= column < WIDE:
            yield ky, kx, row, column


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize(("dilation", "stride"), [(1, 1), (1, 2), (2, 1)])
def test_floats_are_convolved_in_the_runtimes_order(
    groups: int, dilation: int, stride: int
) -> None:
    per_group = CHANNELS // groups
    dice = np.random.default_rng(groups)
    weights = dice.uniform(-1, 1, (CHANNELS, per_group, 2, 3)).astype(np.float32)
    bias = dice.uniform(-1, 1, CHANNELS).astype(np.float32)
    given_ = numbers(FLOAT, (CHANNELS, HIGH, WIDE))
    high, wide = counts(dilation, stride)
    found = run_node(
        nodes.Conv2d, given_, CHANNELS * high * wide, tail=weights.tobytes() + bias.tobytes(),
        in_shape=Shape4(1, CHANNELS, HIGH, WIDE), groups=groups, out_channels=CHANNELS,
        limits=Limits(-4.0, 4.0), **window(dilation, stride),
    ).reshape(PICTURES, CHANNELS, high, wide)  # fmt: skip
    for o, y, x in product(range(CHANNELS), range(high), range(wide)):
        value = bias[o]
        for i in range(per_group):
            for ky, kx, row, column in taps(y, x, dilation, stride):
                one = given_[1, o // per_group * per_group + i, row, column]
                value = F(value + F(one * weights[o, i, ky, kx]))
        assert found[1, o, y, x] == min(max(value, F(-4)), F(4))


@settings(max_examples=25)
@given(st.integers(-200, 10), st.integers(-200, 10), st.integers(1, 9000), st.integers(0, 20))
def test_levels_are_convolved(a: int, b: int, mul: int, shift: int) -> None:
    dice = np.random.default_rng(shift)
    weights = dice.integers(0, 256, (CHANNELS, 2, 2, 3), dtype=np.uint8)
    bias = dice.integers(-5000, 5000, CHANNELS, dtype=np.int32)
    given_ = numbers(LEVELS, (CHANNELS, HIGH, WIDE))
    high, wide = counts(1, 2)
    found = run_node(
        nodes.QuantizedConv2d, given_, CHANNELS * high * wide,
        tail=bias.tobytes() + weights.tobytes(), in_shape=Shape4(1, CHANNELS, HIGH, WIDE),
        groups=2, out_channels=CHANNELS, input_offset=a, filter_offset=b, out_mul=mul,
        out_shift=shift, out_offset=3, **window(1, 2),
    ).reshape(PICTURES, CHANNELS, high, wide)  # fmt: skip
    for o, y, x in product(range(CHANNELS), range(high), range(wide)):
        value = int(bias[o])
        for i in range(2):
            for ky, kx, row, column in taps(y, x, 1, 2):
                one = int(given_[0, o // 2 * 2 + i, row, column]) + a
                value += one * (int(weights[o, i, ky, kx]) + b)
        assert found[0, o, y, x] == level(value, mul, shift, 3)


def level(value: int, mul: int, shift: int, offset: int) -> int:
    whole = (value * mul + (1 << shift >> 1)) >> shift
    whole = (whole + (1 << 31)) % (1 << 32) - (1 << 31)
    return min(max(whole + offset, 0), 255)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("limits", [FULL, Limits(-2.0, 2.0)])
def test_transposed_convolutions_add_windows_up(groups: int, limits: Limits) -> None:
    out, per_group = 2, CHANNELS // groups
    dice = np.random.default_rng(5)
    weights = dice.uniform(-1, 1, (out, per_group, 2, 3)).astype(np.float32)
    bias = np.full(out, 9, np.float32)  # which the runtime adds nowhere
    given_ = numbers(FLOAT, (CHANNELS, HIGH, WIDE))
    high, wide = 2 * HIGH, 2 * WIDE
    found = run_node(
        nodes.Conv2dTranspose, given_, out * high * wide, tail=weights.tobytes() + bias.tobytes(),
        in_shape=Shape4(1, CHANNELS, HIGH, WIDE), shape=Shape4(1, out, high, wide), groups=groups,
        limits=limits, **window(1, 2),
    ).reshape(PICTURES, out, high, wide)  # fmt: skip
    wanted = np.zeros((out, high, wide), np.float32)
    for c, y, x in product(range(CHANNELS), range(HIGH), range(WIDE)):
        group, i = divmod(c, per_group)
        for o in range(group * (out // groups), (group + 1) * (out // groups)):
            for ky, kx in product(range(2), range(3)):
                row, column = 2 * y - 1 + ky, 2 * x - 1 + kx
                if 0 <= row < high and 0 <= column < wide:
                    wanted[o, row, column] += given_[1, c, y, x] * weights[o, i, ky, kx]
    np.testing.assert_array_equal(found[1], np.clip(wanted, limits.low, limits.high))


def test_floats_are_multiplied_in_the_runtimes_order() -> None:
    a, b = numbers(FLOAT, (1, 3, 5)), np.random.default_rng(1).uniform(-1, 1, (5, 4))
    b, bias = b.astype(np.float32), np.arange(4, dtype=np.float32)
    found = run_node(
        nodes.MatMul, a, 12, second=b, names=("a", "output"), tail=bias.tobytes(), rows=3, inner=5,
        columns=4, limits=Limits(-3.0, 6.0),
    ).reshape(PICTURES, 3, 4)  # fmt: skip
    for row, column in product(range(3), range(4)):
        value = bias[column]
        for i in range(5):
            value = F(value + F(a[2, 0, row, i] * b[i, column]))
        assert found[2, row, column] == min(max(value, F(-3)), F(6))


def test_matrices_that_are_both_computed() -> None:
    """Each picture has its own."""
    given_ = numbers(FLOAT, (1, 2, 2))
    file = Version4((1, 1, 2, 2), FLOAT)
    written = file.place(4, FLOAT)
    file.add(
        nodes.MatMul, bytes(8), a=file.input, b=file.input, output=written, rows=2, inner=2,
        columns=2, limits=FULL,
    )  # fmt: skip
    file.outputs.append(written)
    found = predictor(file.content(), 1).outputs(given_)[0].reshape(PICTURES, 2, 2)
    np.testing.assert_allclose(found, given_[:, 0] @ given_[:, 0], rtol=1e-5)


def test_levels_are_multiplied() -> None:
    a, b = numbers(LEVELS, (1, 3, 5)), numbers(LEVELS, (5, 4), 9)[0]
    bias = np.arange(4, dtype=np.int32) * 100
    found = run_node(
        nodes.QuantizedMatMul, a, 12, second=b, names=("a", "output"), tail=bias.tobytes(), rows=3,
        inner=5, columns=4, a_offset=-100, b_offset=-128, out_mul=77, out_shift=14, out_offset=90,
    ).reshape(PICTURES, 3, 4)  # fmt: skip
    sums = (a[:, 0].astype(int) - 100) @ (b.astype(int) - 128) + bias
    wanted = [[[level(int(one), 77, 14, 90) for one in row] for row in part] for part in sums]
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("groups", [0, 3, -1])
def test_groups_that_do_not_divide_the_channels_are_refused(groups: int) -> None:
    with pytest.raises(VerificationFailed):
        run_node(
            nodes.Conv2d, numbers(FLOAT, (4, HIGH, WIDE)), 1, tail=bytes(4 * 4 * 4 * 6 + 16),
            in_shape=Shape4(1, 4, HIGH, WIDE), groups=groups, out_channels=4, limits=FULL,
            **window(1, 1),
        )  # fmt: skip
