"""Average precision: small cases by hand, random ones against pycocotools."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from dse.data.pictures import no_boxes
from dse.detection.average_precision import average_precision, precision_recall
from dse.detection.detections import Detections
from dse.detection.geometry import Boxes
from dse.errors import DataError


def boxes(*rows: tuple[float, float, float, float]) -> Boxes:
    return np.array(rows, np.float32).reshape(-1, 4)


def detections(found: Boxes, *scores: float) -> Detections:
    return Detections(found, np.array(scores, np.float32))


FACE = (0.0, 0.0, 10.0, 10.0)
OTHER = (50.0, 50.0, 60.0, 60.0)
NOWHERE = (90.0, 90.0, 99.0, 99.0)


def test_perfect_and_useless_detectors() -> None:
    truth = [boxes(FACE, OTHER)]
    assert average_precision([detections(boxes(FACE, OTHER), 0.9, 0.2)], truth) == 1.0
    assert average_precision([detections(boxes(NOWHERE), 0.9)], truth) == 0.0
    assert average_precision([detections(no_boxes())], truth) == 0.0


def test_a_false_alarm_in_front_of_the_second_face() -> None:
    found = detections(boxes(FACE, NOWHERE, OTHER), 0.9, 0.8, 0.7)
    recall, precision, scores = precision_recall([found], [boxes(FACE, OTHER)])
    np.testing.assert_allclose(recall, [0.5, 0.5, 1.0])
    np.testing.assert_allclose(precision, [1, 1 / 2, 2 / 3])
    np.testing.assert_allclose(scores, [0.9, 0.8, 0.7])
    assert average_precision([found], [boxes(FACE, OTHER)]) == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_a_face_is_found_once() -> None:
    twice = detections(boxes(FACE, FACE), 0.9, 0.8)
    assert precision_recall([twice], [boxes(FACE)])[1].tolist() == [1.0, 0.5]


def test_overlap_of_exactly_the_threshold_is_enough() -> None:
    half = detections(boxes((0, 0, 10, 5)), 0.9)
    assert average_precision([half], [boxes(FACE)]) == 1.0
    assert average_precision([half], [boxes(FACE)], iou=0.51) == 0.0


def test_detections_on_ignored_faces_count_neither_way() -> None:
    found = detections(boxes((51, 51, 53, 53), FACE), 0.9, 0.8)
    assert average_precision([found], [boxes(FACE)]) == 0.5
    assert average_precision([found], [boxes(FACE)], [boxes(OTHER)]) == 1.0


def test_an_ignored_face_does_not_hide_a_found_one() -> None:
    found = [detections(boxes(FACE), 0.9)]
    assert average_precision(found, [boxes(FACE)], [boxes(FACE)]) == 1.0


def test_pictures_are_judged_apart_and_ranked_together() -> None:
    found = [detections(boxes(OTHER), 0.9), detections(boxes(FACE), 0.8)]
    truth = [boxes(FACE), boxes(FACE)]
    assert average_precision(found, truth) == pytest.approx(0.25)


def test_no_face_is_an_error() -> None:
    with pytest.raises(DataError, match="no labelled face"):
        average_precision([detections(boxes(FACE), 0.5)], [no_boxes()])


def referee(found: list[Detections], truth: list[Boxes], ignored: list[Boxes]) -> float:
    """pycocotools' AP at IoU 0.5, sampled at every recall that can occur."""
    annotations, results = list[Any](), list[Any]()
    for image, (faces, left_out) in enumerate(zip(truth, ignored, strict=True), start=1):
        for crowd, group in ((0, faces), (1, left_out)):
            for x0, y0, x1, y1 in group.tolist():
                annotations.append(
                    {"id": len(annotations) + 1, "image_id": image, "category_id": 1,
                     "bbox": [x0, y0, x1 - x0, y1 - y0], "area": (x1 - x0) * (y1 - y0),
                     "iscrowd": crowd}
                )  # fmt: skip
        one = found[image - 1]
        for (x0, y0, x1, y1), score in zip(one.boxes.tolist(), one.scores.tolist(), strict=True):
            results.append(
                {"image_id": image, "category_id": 1, "bbox": [x0, y0, x1 - x0, y1 - y0],
                 "score": score}
            )  # fmt: skip
    if not results:
        return 0.0
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        images = [{"id": i + 1} for i in range(len(truth))]
        coco.dataset = {
            "images": images, "annotations": annotations, "categories": [{"id": 1}], "info": {},
        }  # fmt: skip
        coco.createIndex()
        judge = COCOeval(coco, coco.loadRes(results), "bbox")
        faces_in_all = sum(len(faces) for faces in truth)
        judge.params.iouThrs = np.array([0.5])
        judge.params.recThrs = np.arange(1, faces_in_all + 1) / faces_in_all
        judge.params.areaRng, judge.params.areaRngLbl = [[0, 1e10]], ["all"]
        judge.params.maxDets = [1000]
        judge.evaluate()
        judge.accumulate()
    return float(judge.eval["precision"].mean())


def random_case(seed: int) -> tuple[list[Detections], list[Boxes], list[Boxes]]:
    """Up to four pictures: faces, some crowded; detections near them and anywhere."""
    rng = np.random.default_rng(seed)

    def scattered(most: int) -> Boxes:
        count = int(rng.integers(0, most + 1))
        start = rng.integers(0, 60, (count, 2))
        ends = start + rng.integers(4, 30, (count, 2))
        return np.concatenate([start, ends], axis=1).astype(np.float32)

    found, truth, ignored = [], [], []
    for _ in range(rng.integers(1, 5)):
        faces, left_out = scattered(5), scattered(2)
        near = np.concatenate([faces, faces, left_out])
        near = near + rng.integers(-3, 4, near.shape)
        near[:, 2:] = np.maximum(near[:, 2:], near[:, :2] + 1)
        seen = np.concatenate([near, scattered(4)]).astype(np.float32)
        scores = np.asarray(rng.integers(1, 20, len(seen)) / 20, np.float32)  # ties occur
        found.append(Detections(seen, scores))
        truth.append(faces.astype(np.float32))
        ignored.append(left_out.astype(np.float32))
    return found, truth, ignored


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_agrees_with_pycocotools(seed: int) -> None:
    found, truth, ignored = random_case(seed)
    if not sum(len(faces) for faces in truth):
        return
    ours = average_precision(found, truth, ignored)
    assert ours == pytest.approx(referee(found, truth, ignored), abs=1e-6)
    assert 0 <= ours <= 1
