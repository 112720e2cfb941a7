"""OpenCV's cascades: they find faces, and say what to install where they are missing."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dse.data import open_data
from dse.errors import DseError, UnknownName
from dse.reproduction.viola_jones import CASCADES, cascade_detector, measure_viola_jones

SMALL = 60
"""Pixels of the longer side that keep a cascade quick."""


def test_without_opencv_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(DseError, match="OpenCV is not installed") as told:
        cascade_detector("alt2")
    assert "dse[opencv]" in told.value.hint


def test_another_cascade_is_unknown() -> None:
    with pytest.raises(UnknownName, match="cascade"):
        cascade_detector("alt3")


@pytest.mark.parametrize("cascade", CASCADES)
def test_nothing_is_found_where_nothing_is(cascade: str) -> None:
    pytest.importorskip("cv2")
    found = cascade_detector(cascade)(np.full((SMALL, SMALL, 3), 127, np.uint8))
    assert found.boxes.shape == (0, 4) and found.scores.shape == (0,)


@pytest.mark.slow
def test_faces_of_photographs_are_found_best_first(photographs: Path) -> None:
    pytest.importorskip("cv2")
    data = open_data(f"fddb:{photographs / 'fddb'}", "eval")
    few = replace(data, pictures=data.pictures[:2])
    rows = measure_viola_jones(few)
    assert {(row.cascade, row.neighbours) for row in rows} == {
        (cascade, count) for cascade in CASCADES for count in (1, 3)
    }
    for row in rows:
        assert row.found.images == 2 and row.found.faces == few.faces
        assert row.found.ap > 0.3 and row.found.ap_square is not None
    found = cascade_detector("default", 1)(data.pictures[0].load())
    assert list(found.scores) == sorted(found.scores, reverse=True)
