"""Views keep faces where the pixels are, and sort out those that are cut off or tiny."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dse.data.pictures import Picture
from dse.training.augmentation import augmented_view, plain_view

BOX = (60.0, 40.0, 100.0, 90.0)


def _scene(width: int = 200, height: int = 150) -> tuple[np.ndarray, Picture]:
    """A black picture with one white face-sized rectangle where its box says."""
    pixels = np.zeros((height, width, 3), np.uint8)
    x0, y0, x1, y1 = (int(v) for v in BOX)
    pixels[y0:y1, x0:x1] = 255
    return pixels, Picture("scene", np.array([BOX], np.float32), lambda: pixels)


def test_the_plain_view_is_letterboxed() -> None:
    pixels, picture = _scene()
    view = plain_view(pixels, picture, 100)
    np.testing.assert_allclose(view.boxes, np.array([BOX]) / 2)
    assert view.canvas.shape == (100, 100, 3)
    assert (view.canvas[80:] == 127).all()


@given(st.integers(0, 10_000), st.sampled_from([64, 96, 160]))
def test_boxes_stay_on_their_pixels(seed: int, size: int) -> None:
    pixels, picture = _scene()
    view = augmented_view(pixels, picture, size, np.random.default_rng(seed))
    assert view.canvas.shape == (size, size, 3)
    assert view.canvas.dtype == np.uint8
    assert len(view.boxes) + len(view.ignored) <= 1
    for x0, y0, x1, y1 in view.boxes:
        assert 0 <= x0 < x1 <= size
        assert 0 <= y0 < y1 <= size
        inside = view.canvas[round(y0) + 1 : round(y1) - 1, round(x0) + 1 : round(x1) - 1]
        grey = view.canvas.mean(axis=2)
        assert inside.mean() > np.median(grey[grey != 127])


@given(st.integers(0, 10_000))
def test_the_same_seed_gives_the_same_view(seed: int) -> None:
    pixels, picture = _scene()
    one, two = (augmented_view(pixels, picture, 96, np.random.default_rng(seed)) for _ in "ab")
    np.testing.assert_array_equal(one.canvas, two.canvas)
    np.testing.assert_array_equal(one.boxes, two.boxes)


def test_a_tiny_face_is_ignored() -> None:
    pixels, _ = _scene()
    tiny = Picture("tiny", np.array([[10, 10, 13, 14]], np.float32), lambda: pixels)
    view = plain_view(pixels, tiny, 96)
    assert len(view.boxes) == 0
    assert len(view.ignored) == 1


def test_a_picture_without_faces_stays_without() -> None:
    pixels, _ = _scene()
    empty = Picture("empty", np.zeros((0, 4), np.float32), lambda: pixels)
    view = augmented_view(pixels, empty, 96, np.random.default_rng(0))
    assert view.boxes.shape == (0, 4)
    assert view.ignored.shape == (0, 4)
