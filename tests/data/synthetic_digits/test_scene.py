"""What a scene of digits holds."""

from __future__ import annotations

import numpy as np

from dse.data.synthetic_digits.scene import sample_scene


def test_digits_lie_in_the_picture_and_on_a_contrasting_ground() -> None:
    for index in range(40):
        scene = sample_scene(0, "train", index)
        assert (scene.boxes >= 0).all()
        assert (scene.boxes <= (scene.width, scene.height) * 2).all()
        for plate in scene.plates:
            near = min(scene.digits, key=lambda d: np.abs(plate.corners.mean(0) - d.box[:2]).sum())
            assert np.abs(np.subtract(near.ink, plate.colour)).max() > 40


def test_splits_differ() -> None:
    first, second = sample_scene(0, "train", 0), sample_scene(0, "eval", 0)
    assert first.seed != second.seed
