from __future__ import annotations

import numpy as np

from dse.detection.detections import Detections

BOXES = np.array([[0, 0, 4, 4], [1, 1, 9, 9], [0, 5, 9, 9]], np.float32)
THREE = Detections(BOXES, np.array([0.9, 0.5, 0.3], np.float32), np.array([0, 1, 0], np.int32))


def test_all_are_of_the_first_class_where_nothing_is_said() -> None:
    assert Detections(BOXES, THREE.scores).classes.tolist() == [0, 0, 0]


def test_each_class_may_have_a_threshold_of_its_own() -> None:
    assert THREE.above(0.5).scores.tolist() == THREE.scores[:2].tolist()
    own = THREE.above((0.2, 0.6))
    assert own.classes.tolist() == [0, 0] and len(own.boxes) == 2


def test_classes_go_with_their_boxes() -> None:
    both = Detections.joined((THREE, THREE[np.array([1])]))
    assert both.classes.tolist() == [0, 1, 0, 1]
    np.testing.assert_array_equal(both.boxes[3], BOXES[1])
    assert both.on_picture(1.0, 4, 20).classes.tolist() == [0, 1, 1]  # the third lies below
