from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from dse.chips.accuracy import agreement, measure_accuracy
from dse.data.pictures import DataSet
from dse.detection import FACE_HEAD
from dse.evaluation import prepare
from dse.network.arrays import Predict
from tests.chips.k210.networks_and_pictures import three_pictures

pytestmark = pytest.mark.slow

ANCHORS = FACE_HEAD.grid(64, 4, 4)


@pytest.fixture(scope="module")
def data() -> DataSet:
    return three_pictures()


def oracle(data: DataSet, logit: float) -> Predict:
    """A detector that finds the first face of each picture of `data` with score `logit`."""
    prepared = prepare(data, 64)
    answers = {}
    for canvas, boxes, scale in zip(
        prepared.canvases, prepared.truth, prepared.scales, strict=True
    ):
        box = (boxes[:1] * scale).astype(np.float32)
        cells = np.full((len(ANCHORS), 5), -9.0, np.float32)
        best = int(np.argmin(np.abs(FACE_HEAD.encode(box.repeat(len(ANCHORS), 0), ANCHORS)).sum(1)))
        cells[best] = [logit, *FACE_HEAD.encode(box, ANCHORS[best : best + 1])[0]]
        answers[canvas.tobytes()] = cells.reshape(4, 4, 125)

    def predict(canvases: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.stack([answers[canvas.tobytes()] for canvas in canvases])

    return predict


def test_a_perfect_detector(data: DataSet) -> None:
    found = measure_accuracy(oracle(data, 2.0), prepare(data, 64))
    assert found.ap == pytest.approx(1.0)
    assert found.ap_square == pytest.approx(1.0)  # a pixel beside: overlap is still above a half
    assert (found.precision, found.recall) == (1.0, 1.0)
    assert found.score == pytest.approx(1 / (1 + np.exp(-2.0)))


def test_a_detector_that_finds_nothing(data: DataSet) -> None:
    found = measure_accuracy(oracle(data, -9.0), prepare(data, 64))
    assert (found.ap, found.recall) == (0.0, 0.0)
    assert 0 < found.score < 1


def test_agreement_is_the_maps_correlation(data: DataSet) -> None:
    canvases = prepare(data, 64).canvases
    predict = oracle(data, 2.0)
    assert agreement(predict, lambda c: predict(c) * 3 + 1, canvases) == pytest.approx(1.0)
    assert agreement(predict, lambda c: -predict(c), canvases) == pytest.approx(-1.0)


def test_broken_maps_agree_with_nothing(data: DataSet) -> None:
    canvases = prepare(data, 64).canvases
    predict = oracle(data, 2.0)
    assert agreement(predict, lambda c: predict(c) * np.float32("nan"), canvases) == 0.0
    assert agreement(predict, lambda c: np.zeros_like(predict(c)), canvases) == 0.0
    assert agreement(predict, lambda c: predict(c)[:, :2], canvases) == 0.0
