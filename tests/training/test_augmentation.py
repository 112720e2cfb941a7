"""Views keep faces where the pixels are, and sort out those that are cut off or tiny."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dse.canvas import InputSize
from dse.data.pictures import Picture
from dse.training.augmentation import augmented_view, plain_view
from tests.training.view_checks import (
    BOX,
    check_a_view_of_any_picture_is_sound,
    check_boxes_stay_on_their_pixels,
    check_the_same_seed_gives_the_same_view,
    scene,
)

SEEDS = st.integers(0, 10_000)


def test_the_plain_view_is_letterboxed() -> None:
    pixels, picture = scene()
    view = plain_view(pixels, picture, 100)
    np.testing.assert_allclose(view.boxes, np.array([BOX]) / 2)
    assert view.canvas.shape == (100, 100, 3)
    assert (view.canvas[80:] == 127).all()


def test_the_plain_view_fits_a_canvas_that_is_not_square() -> None:
    pixels, picture = scene()
    view = plain_view(pixels, picture, "100x60")
    np.testing.assert_allclose(view.boxes, np.array([BOX]) * 0.4)
    assert view.canvas.shape == (60, 100, 3)
    assert (view.canvas[:, 80:] == 127).all()


@given(seed=SEEDS, size=st.sampled_from([64, 96, 160, "160x64", "64x160"]))
def test_boxes_stay_on_their_pixels(seed: int, size: InputSize) -> None:
    check_boxes_stay_on_their_pixels(augmented_view, seed, size)


@given(seed=SEEDS, size=st.sampled_from([33, 96, "128x33", "33x128"]))
def test_views_of_any_picture_are_sound(seed: int, size: InputSize) -> None:
    check_a_view_of_any_picture_is_sound(augmented_view, seed, size)


@given(seed=SEEDS)
def test_the_same_seed_gives_the_same_view(seed: int) -> None:
    check_the_same_seed_gives_the_same_view(augmented_view, seed)


def test_a_tiny_face_is_ignored() -> None:
    pixels, _ = scene()
    tiny = Picture("tiny", np.array([[10, 10, 13, 14]], np.float32), lambda: pixels)
    view = plain_view(pixels, tiny, 96)
    assert len(view.boxes) == 0
    assert len(view.ignored) == 1


def test_a_picture_without_faces_stays_without() -> None:
    pixels, _ = scene()
    empty = Picture("empty", np.zeros((0, 4), np.float32), lambda: pixels)
    view = augmented_view(pixels, empty, 96, np.random.default_rng(0))
    assert view.boxes.shape == (0, 4)
    assert view.ignored.shape == (0, 4)
