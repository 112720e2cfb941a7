"""Operations of version 4 that read many numbers, against their definition."""

from __future__ import annotations

import struct
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dse.chips.k210.kmodel import nodes
from dse.chips.k210.kmodel import window_nodes as windows
from dse.chips.k210.kmodel.records import Limits, Margins, Shape4
from dse.errors import CompilerError, VerificationFailed
from tests.chips.k210.emulator.old_runs import FULL, PICTURES, numbers, run_node
from tests.chips.k210.old_kmodels import FLOAT, LEVELS

F = np.float32
NONE = Margins(0, 0)


@settings(max_examples=40)
@given(
    st.integers(0, 3),
    st.tuples(*[st.integers(1, 3)] * 2),
    st.tuples(*[st.integers(1, 3)] * 2),
    st.tuples(*[st.integers(1, 2)] * 2),
    st.tuples(*[st.integers(0, 2)] * 4),
)
def test_pools(function: int, sides: Any, strides: Any, dilations: Any, margins: Any) -> None:
    reaches = [(side - 1) * dilation + 1 for side, dilation in zip(sides, dilations, strict=True)]
    before = [min(margins[0], reaches[0] - 1), min(margins[1], reaches[1] - 1)]
    after = [min(margins[2], reaches[0] - 1), min(margins[3], reaches[1] - 1)]
    given_ = numbers(FLOAT, (2, 5, 6))
    counts = [
        (side + a + b - reach) // step + 1
        for side, a, b, reach, step in zip((5, 6), before, after, reaches, strides, strict=True)
    ]
    initial = (0.0, 3e38, -3e38, 0.0)[function]
    found = run_node(
        windows.ReduceWindow, given_, 2 * counts[0] * counts[1], function=function,
        in_shape=Shape4(1, 2, 5, 6), padding_h=Margins(before[0], after[0]),
        padding_w=Margins(before[1], after[1]), filter_h=sides[0], filter_w=sides[1],
        stride_h=strides[0], stride_w=strides[1], dilation_h=dilations[0],
        dilation_w=dilations[1], initial=initial, limits=Limits(-3.5, 3.5),
    ).reshape(PICTURES, 2, *counts)  # fmt: skip
    for c, y, x in product(range(2), range(counts[0]), range(counts[1])):
        value, count = F(initial), 0
        for ky, kx in product(range(sides[0]), range(sides[1])):
            row = y * strides[0] - before[0] + ky * dilations[0]
            column = x * strides[1] - before[1] + kx * dilations[1]
            if 0 <= row < 5 and 0 <= column < 6:
                one = given_[1, c, row, column]
                value = (F(value + one), min(value, one), max(value, one), F(value + one))[function]
                count += 1
        if function == 0:
            value = F(value / F(count)) if count else F(np.nan)
        np.testing.assert_equal(found[1, c, y, x], np.clip(value, F(-3.5), F(3.5)))


@pytest.mark.parametrize("shape", [(1, 2, 1, 1), (1, 1, 3, 4), (1, 2, 3, 1), (1, 1, 1, 1)])
@pytest.mark.parametrize("function", range(4))
def test_axes_are_reduced_one_number_after_the_other(
    shape: tuple[int, int, int, int], function: int
) -> None:
    given_ = numbers(FLOAT, (2, 3, 4))
    count = int(np.prod(shape))
    initial = (0.0, 3e38, -3e38, 0.5)[function]
    found = run_node(
        windows.Reduce, given_, count, function=function, in_shape=Shape4(1, 2, 3, 4),
        shape=Shape4(*shape), initial=initial,
    )  # fmt: skip
    wanted = np.full(shape[1:], initial, np.float32)
    for place in product(range(2), range(3), range(4)):
        target = tuple(min(i, side - 1) for i, side in zip(place, shape[1:], strict=True))
        a, b = wanted[target], given_[2][place]
        wanted[target] = (F(a + b), min(a, b), max(a, b), F(a + b))[function]
    if function == 0:
        wanted *= F(count) / F(24)
    np.testing.assert_array_equal(found[2], wanted.ravel())


@pytest.mark.parametrize("kind", [FLOAT, LEVELS])
@pytest.mark.parametrize("size", [(6, 8), (5, 3), (3, 4)])
@pytest.mark.parametrize("align", [0, 1])
@pytest.mark.parametrize("mode", [0, 1])
def test_maps_are_resized(kind: int, size: tuple[int, int], align: int, mode: int) -> None:
    given_ = numbers(kind, (2, 3, 4))
    found = run_node(
        windows.Resize, given_, 2 * size[0] * size[1], in_shape=Shape4(1, 2, 3, 4),
        height=size[0], width=size[1], mode=mode, align_corners=0xAB00 | align,
    ).reshape(PICTURES, 2, *size)  # fmt: skip
    steps = [F(F(side) / F(count)) for side, count in zip((3, 4), size, strict=True)]
    if align and mode == 0:
        steps = [F(F(side - 1) / F(count - 1)) for side, count in zip((3, 4), size, strict=True)]
    for c, y, x in product(range(2), range(size[0]), range(size[1])):
        places = F(y * steps[0]), F(x * steps[1])
        low = [int(place) for place in places]
        maps = given_[0, c].astype(np.float32)
        if mode == 1:
            wanted = maps[min(low[0], 2), min(low[1], 3)]
        else:
            down, right = (F(place - F(i)) for place, i in zip(places, low, strict=True))
            up, left = F(1) - down, F(1) - right
            y1, x1 = min(low[0] + 1, 2), min(low[1] + 1, 3)
            wanted = F(maps[low[0], low[1]] * F(up * left)) + F(maps[y1, low[1]] * F(down * left))
            wanted = F(wanted) + F(maps[low[0], x1] * F(up * right))
            wanted = F(wanted) + F(maps[y1, x1] * F(down * right))
        assert found[0, c, y, x] == (int(wanted) if kind == LEVELS else wanted)


@pytest.mark.parametrize("kind", [FLOAT, LEVELS])
@pytest.mark.parametrize("margins", [(1, 0, 2, 1), (-1, 1, 0, -2), (0, -1, -1, 0)])
def test_margins_are_added_or_cut_off(kind: int, margins: tuple[int, int, int, int]) -> None:
    given_ = numbers(kind, (2, 3, 4))
    value = 7 if kind == LEVELS else struct.unpack("<i", struct.pack("<f", 1.5))[0]
    top, bottom, left, right = margins
    high, wide = 3 + top + bottom, 4 + left + right
    found = run_node(
        windows.Pad, given_, 2 * high * wide, in_shape=Shape4(1, 2, 3, 4),
        margins=(NONE, NONE, Margins(top, bottom), Margins(left, right)), value_type=kind,
        value=value,
    ).reshape(PICTURES, 2, high, wide)  # fmt: skip
    for y, x in product(range(high), range(wide)):
        row, column = y - top, x - left
        inside = 0 <= row < 3 and 0 <= column < 4
        wanted = given_[:, :, row, column] if inside else (7 if kind == LEVELS else 1.5)
        assert (found[:, :, y, x] == wanted).all()


@pytest.mark.parametrize(
    ("begin", "end", "step"),
    [((0, 0, 1, 0), (1, 2, 3, 4), (1, 1, 1, 2)), ((0, 1, 2, 3), (1, -1, -1, 0), (1, -1, -1, -2))],
)
def test_parts_are_cut_out(begin: Any, end: Any, step: Any) -> None:
    given_ = numbers(FLOAT, (2, 3, 4))
    parts = [range(*ends) for ends in zip(begin, end, step, strict=True)][1:]
    found = run_node(
        windows.StridedSlice, given_, int(np.prod([len(one) for one in parts])),
        in_shape=Shape4(1, 2, 3, 4), begin=Shape4(*begin), end=Shape4(*end),
        strides=Shape4(*step), begin_mask=0, end_mask=0, ellipsis_mask=0, new_axis_mask=0,
        shrink_axis_mask=0,
    )  # fmt: skip
    wanted = [[one[place] for place in product(*parts)] for one in given_]
    np.testing.assert_array_equal(found, wanted)


POOL = {
    "in_shape": Shape4(1, 1, 4, 4), "padding_h": NONE, "padding_w": NONE, "filter_h": 2,
    "filter_w": 2, "stride_h": 1, "stride_w": 1, "dilation_h": 1, "dilation_w": 1, "initial": 0.0,
    "limits": FULL, "function": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"function": 4}, CompilerError),
        ({"stride_h": 0}, VerificationFailed),
        ({"filter_h": 5}, VerificationFailed),
        ({"filter_h": 2**31 - 1, "padding_h": Margins(2**30, 2**30)}, VerificationFailed),
        ({"dilation_w": -1}, VerificationFailed),
        ({"in_shape": Shape4(1, 1, 4, 2**30)}, VerificationFailed),
        ({"in_shape": Shape4(-1, -1, 4, 4)}, VerificationFailed),
    ],
)
def test_windows_that_make_no_sense_are_refused(changed: dict[str, Any], error: Any) -> None:
    with pytest.raises(error):
        run_node(nodes.NODES[8], numbers(FLOAT, (1, 4, 4)), 9, **{**POOL, **changed})


@pytest.mark.parametrize(("begin", "end", "step"), [(0, 3, 0), (3, -2, -1), (1, 1, 1), (0, 9, 1)])
def test_parts_that_are_not_there_are_refused(begin: int, end: int, step: int) -> None:
    with pytest.raises(VerificationFailed):
        run_node(
            windows.StridedSlice, numbers(FLOAT, (1, 1, 4)), 4, in_shape=Shape4(1, 1, 1, 4),
            begin=Shape4(0, 0, 0, begin), end=Shape4(1, 1, 1, end), strides=Shape4(1, 1, 1, step),
            begin_mask=0, end_mask=0, ellipsis_mask=0, new_axis_mask=0, shrink_axis_mask=0,
        )  # fmt: skip
