"""Pictures on the network's canvas."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dse.canvas import Canvas
from dse.data.letterbox import FILL, letterbox


@given(st.integers(1, 200), st.integers(1, 200), st.integers(16, 128))
@settings(max_examples=60, deadline=None)
def test_the_longer_side_fills_the_canvas(height: int, width: int, size: int) -> None:
    canvas, scale = letterbox(np.zeros((height, width, 3), np.uint8), size)
    assert canvas.shape == (size, size, 3)
    assert canvas.dtype == np.uint8
    assert max(height, width) * scale == pytest.approx(size)
    filled = (canvas != FILL).any(axis=2)
    assert filled.any(axis=1).sum() == max(1, round(height * scale))
    assert filled.any(axis=0).sum() == max(1, round(width * scale))
    assert filled[0, 0]


@given(st.integers(1, 200), st.integers(1, 200), st.integers(16, 128), st.integers(16, 128))
@settings(max_examples=60, deadline=None)
def test_the_picture_is_as_large_as_fits(height: int, width: int, columns: int, rows: int) -> None:
    size = Canvas(columns, rows).input_size
    canvas, scale = letterbox(np.zeros((height, width, 3), np.uint8), size)
    assert canvas.shape == (rows, columns, 3)
    assert height * scale <= rows + 1e-6 and width * scale <= columns + 1e-6
    assert height * scale == pytest.approx(rows) or width * scale == pytest.approx(columns)
    filled = (canvas != FILL).any(axis=2)
    assert filled.any(axis=1).sum() == max(1, round(height * scale))
    assert filled.any(axis=0).sum() == max(1, round(width * scale))


def test_a_box_times_the_scale_is_the_box_on_the_canvas() -> None:
    pixels = np.zeros((300, 400, 3), np.uint8)
    pixels[60:180, 100:220] = 255
    canvas, scale = letterbox(pixels, 200)
    assert scale == 0.5
    bright = canvas[..., 0] > 200
    assert np.flatnonzero(bright.any(axis=1))[[0, -1]].tolist() == [30, 89]
    assert np.flatnonzero(bright.any(axis=0))[[0, -1]].tolist() == [50, 109]


def test_shrinking_is_antialiased() -> None:
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 255
    canvas, _ = letterbox(stripes, 64)
    assert canvas[:, 4:-4].std() < 4  # plain sampling would leave stripes, sd 127


def test_a_picture_that_fits_is_untouched() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (96, 96, 3)).astype(np.uint8)
    for part, size in ((pixels, 96), (pixels[:72], "96x72")):
        canvas, scale = letterbox(part, size)
        assert scale == 1
        np.testing.assert_array_equal(canvas, part)
