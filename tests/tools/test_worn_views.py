"""Zoomed views and mosaics: faces of all sizes, whole where they are chosen, in worn pictures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.canvas import Canvas
from dse.data.pictures import Picture
from tests.training.view_checks import (
    are_inside,
    check_a_view_of_any_picture_is_sound,
    check_boxes_stay_on_their_pixels,
    check_the_same_seed_gives_the_same_view,
    noisy_scene,
    scene,
)
from tools import worn_views
from tools.worn_views import FACE_SIDES, LARGEST_SCALE, LEAST_SCALE, mosaic_view, zoomed_view

SEEDS = st.integers(0, 10_000)
WEAR = ("BLUR_SHARE", "COARSE_SHARE", "NOISE_SHARE")


@pytest.fixture
def unworn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Zoomed views of which none is blurred, coarse or noisy."""
    for name in WEAR:
        monkeypatch.setattr(worn_views, name, 0.0)


@pytest.mark.usefixtures("unworn")
@given(seed=SEEDS, size=st.sampled_from([64, 96, 160]))
def test_boxes_stay_on_their_pixels(seed: int, size: int) -> None:
    check_boxes_stay_on_their_pixels(zoomed_view, seed, size)


@given(seed=SEEDS, size=st.sampled_from([33, 96]))
def test_views_of_any_picture_are_sound(seed: int, size: int) -> None:
    check_a_view_of_any_picture_is_sound(zoomed_view, seed, size)


@given(seed=SEEDS)
def test_the_same_seed_gives_the_same_view(seed: int) -> None:
    check_the_same_seed_gives_the_same_view(zoomed_view, seed)


@pytest.fixture
def always_on_a_face(monkeypatch: pytest.MonkeyPatch) -> None:
    """Zoomed views whose scale is always chosen for a face."""
    monkeypatch.setattr(worn_views, "ON_A_FACE_SHARE", 1.0)


@pytest.mark.slow
@pytest.mark.usefixtures("always_on_a_face")
@given(
    seed=SEEDS,
    picture_side=st.integers(20, 600),
    place=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    share=st.floats(0.01, 1.0),
    aspect=st.floats(0.5, 2.0),
)
def test_a_zoom_on_a_whole_face_shows_all_of_it(
    seed: int, picture_side: int, place: tuple[float, float], share: float, aspect: float
) -> None:
    pixels = np.zeros((picture_side, picture_side, 3), np.uint8)
    side = max(5.0, picture_side * share)
    extent = side * np.array([1, aspect]) / max(1, aspect)
    start = np.array(place) * (picture_side - extent)
    box = np.concatenate([start, start + extent]).astype(np.float32)
    picture = Picture("face", box[None], lambda: pixels)
    view = zoomed_view(pixels, picture, 128, np.random.default_rng(seed))
    assert len(view.boxes) == 1
    seen = view.boxes[0, 2:] - view.boxes[0, :2]
    scale = seen / (box[2:] - box[:2])
    np.testing.assert_allclose(scale[0], scale[1], rtol=1e-3)  # nothing of it was cut off
    shown = float(np.sqrt(seen.prod())) / 128
    is_in_range = FACE_SIDES[0] * 0.999 <= shown <= FACE_SIDES[1] * 1.001
    limits = (LARGEST_SCALE, LEAST_SCALE * 128 / picture_side)
    assert is_in_range or any(np.isclose(scale[0], limit, rtol=1e-2) for limit in limits)


@pytest.mark.slow
@pytest.mark.usefixtures("always_on_a_face")
def test_faces_of_all_sizes_come_equally_often() -> None:
    pixels, picture = scene()
    views = [zoomed_view(pixels, picture, 256, np.random.default_rng(n)) for n in range(300)]
    boxes = np.concatenate([view.boxes for view in views])
    sides = np.sqrt((boxes[:, 2:] - boxes[:, :2]).prod(axis=1))
    assert len(sides) == 300
    below = float(np.mean(sides < np.sqrt(16 * 130)))  # the middle of the logarithms
    assert abs(below - 0.5) < 0.1  # three and a half deviations


def test_one_zoomed_view_in_five_is_grey() -> None:
    pixels, picture = noisy_scene(3)
    views = [zoomed_view(pixels, picture, 64, np.random.default_rng(n)) for n in range(200)]
    grey = float(np.mean([(view.canvas == view.canvas[..., :1]).all() for view in views]))
    assert abs(grey - 0.2) < 0.1  # three and a half deviations
    assert len({view.canvas.tobytes() for view in views}) == len(views)


@pytest.mark.slow
@given(SEEDS, st.sampled_from([64, 97, 128]))
def test_mosaic_tiles_keep_to_their_quarters(seed: int, size: int) -> None:
    scenes = [noisy_scene(seed + number) for number in range(4)]
    view = mosaic_view(scenes, size, np.random.default_rng(seed))
    assert view.canvas.shape == (size, size, 3)
    assert view.canvas.dtype == np.uint8
    assert view.boxes.dtype == view.ignored.dtype == np.float32
    half = size // 2
    for boxes in (view.boxes, view.ignored):
        quarter = half * ((boxes[:, :2] + boxes[:, 2:]) / 2 > half)
        assert are_inside(boxes - np.tile(quarter, 2), Canvas(half, half))


@pytest.mark.slow
@given(SEEDS)
def test_a_mosaic_is_four_zoomed_views(seed: int) -> None:
    scenes = [noisy_scene(seed + number) for number in range(4)]
    view = mosaic_view(scenes, 96, np.random.default_rng(seed))
    rng = np.random.default_rng(seed)
    tiles = [zoomed_view(pixels, picture, 48, rng) for pixels, picture in scenes]
    rows = [np.concatenate([tile.canvas for tile in tiles[i : i + 2]], axis=1) for i in (0, 2)]
    np.testing.assert_array_equal(view.canvas, np.concatenate(rows))
    assert len(view.boxes) == sum(len(tile.boxes) for tile in tiles)


def test_a_mosaic_needs_four_pictures() -> None:
    with pytest.raises(ValueError, match="zip"):
        mosaic_view([scene()] * 3, 96, np.random.default_rng(0))


@pytest.mark.usefixtures("unworn")
@pytest.mark.parametrize("share", WEAR)
def test_each_kind_of_wear_changes_pixels_and_no_box(
    monkeypatch: pytest.MonkeyPatch, share: str
) -> None:
    pixels, picture = noisy_scene(1)
    whole = zoomed_view(pixels, picture, 96, np.random.default_rng(5))
    monkeypatch.setattr(worn_views, share, 1.0)
    worn = zoomed_view(pixels, picture, 96, np.random.default_rng(5))
    assert (whole.canvas != worn.canvas).any()
    np.testing.assert_array_equal(whole.boxes, worn.boxes)
