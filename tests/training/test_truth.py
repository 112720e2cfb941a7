"""What a detector should have answered, spread out over a map."""

from __future__ import annotations

import numpy as np

from dse.detection.head import FACE_HEAD, Head
from dse.detection.region_head import RegionHead
from dse.training.truth import Truth

NOTHING = np.zeros((0, 4), np.float32)
FACE = np.array([[20, 24, 60, 70]], np.float32)
CROWD = np.array([[0, 0, 30, 30]], np.float32)
NONE, ONE = np.zeros(0, np.int32), np.zeros(1, np.int32)


def test_an_answer_like_the_truth_shows_the_faces() -> None:
    truth = Truth([(FACE, NOTHING, ONE), (NOTHING, CROWD, NONE)], (7, 7), 112)
    dense = truth.dense(np.array([1, 0]))
    assert dense.shape == (2, 7, 7, 25, 5)
    label, offsets = FACE_HEAD.numbers(dense)
    assert (label[0] == -1).any() and not (label[0] == 1).any()
    is_face = label[1, ..., 0] == 1
    grid = FACE_HEAD.grid(112, 7, 7).reshape(7, 7, 25, 4)
    found = FACE_HEAD.decode(offsets[1][is_face], grid[is_face])
    np.testing.assert_allclose(found, FACE.repeat(len(found), 0), atol=1e-3)
    assert len(found)


def test_other_heads_have_truths_of_their_own_shape() -> None:
    head = Head(((180, 200), (60, 60), (300, 330)), ("cat", "dog"))
    dense = Truth([(FACE, CROWD, ONE)], (7, 7), 112, head).dense(np.array([0]))
    assert dense.shape == (1, 7, 7, 3, 6)
    label, _ = head.numbers(dense)
    assert (label[..., 0] == 1).any() and not (label[..., 1] == 1).any()
    ignored = label[..., 0] == -1
    assert ignored.any() and (label[ignored] == -1).all()


def test_every_object_teaches_its_own_class() -> None:
    head = RegionHead(((180, 200), (60, 60), (300, 330)), ("cat", "dog"))
    boxes = np.array([[20, 24, 60, 70], [80, 80, 104, 110]], np.float32)
    dense = Truth([(boxes, NOTHING, np.array([1, 0], np.int32))], (7, 7), 112, head).dense(
        np.array([0])
    )
    scores, offsets = head.numbers(dense)
    positive = scores[0, ..., 0] == 1
    grid = head.grid(112, 7, 7).reshape(7, 7, 3, 6)
    found = head.decode(offsets[0][positive], grid[positive])
    classes = scores[0][positive][:, 1:].argmax(axis=1)
    for box, number in zip(boxes, (1, 0), strict=True):
        near = np.abs(found - box).max(axis=1) < 0.1
        assert near.any() and (classes[near] == number).all()
