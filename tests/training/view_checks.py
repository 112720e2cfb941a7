"""Pictures to look at, and what holds for every random view of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.canvas import Canvas, InputSize
from dse.data.pictures import Picture
from dse.training.augmentation import View

BOX = (60.0, 40.0, 100.0, 90.0)

MakeView = Callable[[NDArray[np.uint8], Picture, Any, np.random.Generator], View]
"""Its third argument is an input size."""


def scene(width: int = 200, height: int = 150) -> tuple[NDArray[np.uint8], Picture]:
    """A black picture with one white face-sized rectangle where its box says."""
    pixels = np.zeros((height, width, 3), np.uint8)
    x0, y0, x1, y1 = (int(v) for v in BOX)
    pixels[y0:y1, x0:x1] = 255
    return pixels, Picture("scene", np.array([BOX], np.float32), lambda: pixels)


def noisy_scene(seed: int) -> tuple[NDArray[np.uint8], Picture]:
    """Noise of any shape with a few faces of any size, some of them ignored."""
    rng = np.random.default_rng(seed)
    extent = rng.integers(20, 300, 2)
    middles = rng.uniform(0, extent, (5, 2))
    halves = rng.uniform(2, 60, (5, 1)) * rng.uniform(0.6, 1.0, (5, 2))
    corners = np.concatenate([middles - halves, middles + halves], axis=1)
    boxes = np.clip(corners, 0, np.tile(extent, 2)).astype(np.float32)
    pixels = rng.integers(0, 255, (extent[1], extent[0], 3)).astype(np.uint8)
    faces = int(rng.integers(0, 5))
    return pixels, Picture(f"noise {seed}", boxes[:faces], lambda: pixels, boxes[faces:])


def are_inside(boxes: NDArray[Any], canvas: Canvas) -> bool:
    edges = (canvas.width, canvas.height) * 2
    return bool((boxes >= 0).all() and (boxes <= edges).all())


def check_boxes_stay_on_their_pixels(make: MakeView, seed: int, size: InputSize) -> None:
    pixels, picture = scene()
    view = make(pixels, picture, size, np.random.default_rng(seed))
    canvas = Canvas.of(size)
    assert view.canvas.shape == canvas.shape
    assert view.canvas.dtype == np.uint8
    assert len(view.boxes) + len(view.ignored) <= 1
    for x0, y0, x1, y1 in view.boxes:
        assert 0 <= x0 < x1 <= canvas.width
        assert 0 <= y0 < y1 <= canvas.height
        inside = view.canvas[int(y0) : int(y1) + 1, int(x0) : int(x1) + 1]
        assert inside.mean() > view.canvas.mean()  # white on black, beside it the grey of FILL


def check_a_view_of_any_picture_is_sound(make: MakeView, seed: int, size: InputSize) -> None:
    pixels, picture = noisy_scene(seed)
    view = make(pixels, picture, size, np.random.default_rng(seed))
    canvas = Canvas.of(size)
    assert view.canvas.shape == canvas.shape
    assert view.canvas.dtype == np.uint8
    assert view.canvas.flags.c_contiguous
    assert view.boxes.dtype == view.ignored.dtype == np.float32
    assert are_inside(view.boxes, canvas)
    assert are_inside(view.ignored, canvas)
    assert len(view.boxes) <= len(picture.boxes)


def check_the_same_seed_gives_the_same_view(make: MakeView, seed: int) -> None:
    pixels, picture = scene()
    one, two = (make(pixels, picture, 96, np.random.default_rng(seed)) for _ in "ab")
    np.testing.assert_array_equal(one.canvas, two.canvas)
    np.testing.assert_array_equal(one.boxes, two.boxes)
