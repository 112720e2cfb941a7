"""When a picture's boxes are a firmware's."""

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from dse.detection.detections import Detections

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
OURS = Detections(
    np.array([[10, 10, 50, 60], [70, 5, 90, 40]], np.float32),
    np.array([0.9, 0.4], np.float32),
    np.array([1, 0], np.int32),
)
THEIRS = np.array([[0, 0.4, 70, 5, 90, 40], [1, 0.9, 10, 10, 50, 60]])


@pytest.fixture(scope="module")
def script() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        return importlib.import_module("firmware_decoder")


def test_boxes_are_equal_in_any_order(script: ModuleType) -> None:
    assert script.difference(OURS, THEIRS) == (True, 0, pytest.approx(0, abs=1e-6))


@pytest.mark.parametrize(
    ("row", "column", "off"), [(0, 0, 1), (1, 1, 2e-5), (0, 2, 0.01), (1, 5, -0.01)]
)
def test_another_class_probability_or_edge_is_unequal(
    script: ModuleType, row: int, column: int, off: float
) -> None:
    changed = THEIRS.copy()
    changed[row, column] += off
    assert not script.difference(OURS, changed).equal


def test_a_box_more_or_less_is_unequal(script: ModuleType) -> None:
    assert not script.difference(OURS, THEIRS[:1]).equal
    assert not script.difference(OURS.above(0.5), THEIRS).equal
    assert script.difference(OURS.above(1), THEIRS[:0]).equal
