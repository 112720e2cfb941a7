"""Drawn digits lie where their boxes say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dse.data.synthetic.camera import Camera
from dse.data.synthetic_digits.drawing import render
from dse.data.synthetic_digits.scene import sample_scene


def test_ink_is_in_the_boxes_and_nowhere_else() -> None:
    for index in range(6):
        scene = replace(sample_scene(0, "train", index), camera=Camera(metering=0.0))
        with_ink = render(scene).astype(int)
        without = render(replace(scene, digits=())).astype(int)
        changed = np.abs(with_ink - without).max(axis=2) > 8
        boxes = np.zeros_like(changed)
        for x0, y0, x1, y1 in scene.boxes:
            boxes[int(y0 - 1) : int(y1 + 2), int(x0 - 1) : int(x1 + 2)] = True
        assert not (changed & ~boxes).any()
        assert changed.any() == bool(len(scene.digits))
        assert with_ink.shape == (scene.height, scene.width, 3)
