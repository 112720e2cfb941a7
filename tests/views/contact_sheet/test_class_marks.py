"""Several classes: the colour is the class's, the line tells what became of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dse.data.pictures import DataSet
from dse.detection.average_precision import OperatingPoint
from dse.views.contact_sheet import Sheet
from dse.views.contact_sheet.choosing import count
from dse.views.contact_sheet.marks import FALSE, FOUND, LABEL, MISSED, of_class
from dse.views.contact_sheet.thumbnail import shapes
from tests.evaluation.several import NAMES, found_on, labelled

CAT, DOG = 0, 1


def test_boxes_have_the_colours_of_their_classes_and_names() -> None:
    """Labelled cat and cat; seen cat and dog."""
    findings = found_on(labelled("a", [CAT, CAT]), classes=[CAT, DOG])
    drawn = [(one.mark, one.text) for one in shapes(findings.pictures[0], (64, 64), 0.1, NAMES)]
    assert drawn == [
        (LABEL, ""),
        (of_class(MISSED, CAT), "cat"),
        (of_class(FALSE, DOG), "dog 0.50"),
        (of_class(FOUND, CAT), "cat 0.90"),
    ]


def test_a_class_is_believed_from_its_own_score_on() -> None:
    findings = found_on(labelled("a", [CAT, DOG]), classes=[CAT, DOG])
    assert count(findings.pictures[0], (0.95, 0.4, 0.0))[:3] == (1, 0, 1)
    assert count(findings.pictures[0], 0.6)[:3] == (1, 0, 1)
    texts = [one.text for one in shapes(findings.pictures[0], (64, 64), (0.95, 0.4, 0.0), NAMES)]
    assert texts[-1] == "dog 0.50"


def test_the_sheet_counts_with_each_classes_own_threshold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words: list[str] = []

    def noted(text: str, *_: int) -> str:
        words.append(text)
        return text

    monkeypatch.setattr("dse.views.contact_sheet.heading.fitted", noted)
    pictures = labelled("a", [CAT, DOG]), labelled("b", [CAT, CAT])
    findings, data = (
        found_on(*pictures, classes=[CAT, DOG]),
        DataSet("some", pictures, classes=NAMES),
    )
    path = tmp_path / "sheet.png"
    Sheet(path).write("P5", findings, data, OperatingPoint(0.5, 0.1, 0.1), (0.0, 0.4, 0.0))
    assert words[0].startswith("P5: mAP") and "4 objects" in words[0]
    assert "the score of their class or more: precision 0.750, recall 0.750" in words[1]
    with Image.open(path) as image:
        assert np.asarray(image).std() > 0
