"""Views that no epoch repeats, and that every run sees alike."""

from __future__ import annotations

import numpy as np
import pytest

from dse.data.pictures import DataSet, Picture
from dse.detection.head import FACE_HEAD
from dse.training.views import ViewSet

pytestmark = pytest.mark.slow

SIDE = 64


def scene(seed: int) -> Picture:
    pixels = np.random.default_rng(seed).integers(0, 255, (80, 100, 3)).astype(np.uint8)
    return Picture(f"{seed}.png", np.array([[20, 20, 60, 60]], np.float32), lambda: pixels)


def batch_of(epoch: int, step: int = 1) -> tuple[np.ndarray, np.ndarray]:
    from dse.training.fresh_views import FreshViews

    views = ViewSet(DataSet("scenes", tuple(scene(seed) for seed in range(8))), SIDE, 2, seed=3)
    batches = FreshViews(views, (4, 4), FACE_HEAD, batch_size=4, seed=3)
    batches.begin(epoch)
    assert len(batches) == 2
    return batches[step]


def test_every_epoch_has_views_of_its_own_and_every_run_the_same() -> None:
    pictures, truth = batch_of(epoch=1)
    assert pictures.shape == (4, SIDE, SIDE, 3)
    assert truth.shape == (4, 4, 4, 25, 5)
    assert (truth[..., 0] == 1).any()
    for again, told in ((1, True), (2, False)):
        others, labels = batch_of(epoch=again)
        assert np.array_equal(pictures, others) is told
        assert np.array_equal(truth, labels) is told


def test_a_view_belongs_to_its_picture_whatever_the_batch() -> None:
    views = ViewSet(DataSet("scenes", tuple(scene(seed) for seed in range(8))), SIDE, 2, seed=3)
    stored = list(views.iterate())
    for number in (0, 5):
        for version in range(2):
            fresh = views.view(number, version)
            np.testing.assert_array_equal(fresh.canvas, stored[2 * number + version].canvas)
            np.testing.assert_array_equal(fresh.boxes, stored[2 * number + version].boxes)
