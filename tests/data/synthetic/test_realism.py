"""A detector that nobody here wrote or trained has to see faces where the boxes say so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dse.data.synthetic import synthetic
from dse.data.synthetic.labels import easy_faces
from dse.data.synthetic.scene import sample_scene

pytestmark = pytest.mark.slow

_SCENES = 60
_RECALL = 0.7
"""The aim is 0.8; about thirty faces leave a standard error of 0.07."""


def test_haar_cascade_finds_large_frontal_faces() -> None:
    cv2 = pytest.importorskip("cv2")
    path = Path(cv2.data.haarcascades) / "haarcascade_frontalface_default.xml"
    cascade = cv2.CascadeClassifier(str(path))
    easy = hits = index = 0
    data = synthetic("train", 6 * _SCENES)
    drawn = 0
    while drawn < _SCENES // 2 and index < len(data):
        faces = easy_faces(sample_scene(0, "train", index), 60.0)
        if len(faces):
            drawn += 1
            grey = cv2.cvtColor(data.pictures[index].load(), cv2.COLOR_RGB2GRAY)
            boxes = np.array(cascade.detectMultiScale(grey, 1.1, 3), np.float32).reshape(-1, 4)
            centres = boxes[:, :2] + boxes[:, 2:] / 2
            for face in faces:
                size = face[2:] - face[:2]
                near = np.abs(centres - (face[:2] + face[2:]) / 2) < 0.3 * size
                ratio = boxes[:, 2] / size[0]
                hits += bool((near.all(axis=1) & (ratio > 0.7) & (ratio < 2.2)).any())
            easy += len(faces)
        index += 1
    assert easy >= 20
    assert hits / easy >= _RECALL
