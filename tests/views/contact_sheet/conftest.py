"""Two grey pictures on which everything happens that can happen."""

from __future__ import annotations

import numpy as np
import pytest

from dse.data.pictures import DataSet, Picture
from dse.detection.detections import Detections
from dse.detection.geometry import Boxes
from dse.evaluation import Finding, Findings, prepare


def boxes(*rows: tuple[float, float, float, float]) -> Boxes:
    return np.array(rows, np.float32).reshape(-1, 4)


FOUND, MISSED = (20.0, 20.0, 80.0, 90.0), (200.0, 30.0, 260.0, 100.0)
FALSE, IGNORED = (120.0, 120.0, 180.0, 190.0), (20.0, 130.0, 60.0, 180.0)


@pytest.fixture
def data() -> DataSet:
    """The second picture has one face, which is missed."""
    pixels = np.full((200, 300, 3), 128, np.uint8)
    first = Picture("first", boxes(FOUND, MISSED), lambda: pixels, boxes(IGNORED))
    second = Picture("second", boxes(MISSED), lambda: pixels[:, ::-1].copy())
    return DataSet("synthetic:10", (first, second))


@pytest.fixture
def findings(data: DataSet) -> Findings:
    """A found and a missed face, a false detection, and one on the ignored face; two more of
    too low a score."""
    seen = Detections(
        boxes((22, 22, 82, 92), FALSE, IGNORED, MISSED),
        np.array([0.9, 0.8, 0.7, 0.2], np.float32),
    )
    none = Detections(boxes(FALSE), np.array([0.1], np.float32))
    found = Findings()
    found.add(prepare(data, 64), [seen, none])
    return found


@pytest.fixture
def first(findings: Findings) -> Finding:
    return findings.pictures[0]
