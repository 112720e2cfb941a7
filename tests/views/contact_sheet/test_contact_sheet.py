"""The whole sheet: what it says, and that it is the same each time."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageColor

from dse.data.pictures import DataSet
from dse.detection.average_precision import operating_point
from dse.errors import FileError, UnknownName, UsageError
from dse.evaluation import Findings
from dse.views.contact_sheet import Sheet, contact_sheet, heading, sheet
from dse.views.contact_sheet.marks import FALSE, FOUND, LEFT_OUT, MISSED


def drawn(findings: Findings, data: DataSet, **wanted: object) -> Image.Image:
    point = operating_point(findings.curve(), 0.5)
    return contact_sheet("A98", findings, data, point, Sheet(Path("x.png"), **wanted))  # type: ignore[arg-type]


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is written on the head of the sheet."""
    said: list[str] = []
    monkeypatch.setattr(heading, "draw_text", lambda draw, place, text, *_: said.append(text))
    return said


def test_the_head_says_what_how_good_and_how_many(
    findings: Findings, data: DataSet, words: list[str]
) -> None:
    drawn(findings, data)
    ap = findings.evaluation().ap
    assert words[0] == f"A98: AP {ap:.3f} on 2 pictures (synthetic), 3 faces"
    assert "score of 0.50 or more: precision 0.500, recall 0.333" in words[1]
    assert "2 of the pictures, drawn at random (seed 0)" in words[1]
    assert words[2:5] == ["1 found", "1 false", "2 missed"]


def test_every_kind_is_drawn_in_its_colour(findings: Findings, data: DataSet) -> None:
    image = drawn(findings, data)
    below = image.crop((0, heading.heading_height() + 2 * sheet.MARGIN, *image.size))
    colours = {colour for _, colour in _colours(below)}
    for mark in (FOUND, FALSE, MISSED, LEFT_OUT):
        assert ImageColor.getrgb(mark.colour) in colours


def test_numbers_are_of_the_whole_set_whatever_is_shown(
    findings: Findings, data: DataSet, words: list[str]
) -> None:
    drawn(findings, data, pictures=1, sort="worst")
    assert words[2:5] == ["1 found", "1 false", "2 missed"]
    assert "1 of the pictures, the worst first" in words[1]


def test_equal_arguments_give_equal_pixels(findings: Findings, data: DataSet) -> None:
    one, other = drawn(findings, data), drawn(findings, data)
    np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


@pytest.mark.parametrize(
    ("name", "kind"), [("a.png", "PNG"), ("a.jpg", "JPEG"), ("b.JPEG", "JPEG")]
)
def test_the_file_is_of_the_kind_that_its_name_says(
    findings: Findings, data: DataSet, tmp_path: Path, name: str, kind: str
) -> None:
    path = tmp_path / "new" / name
    Sheet(path).write("A98", findings, data, operating_point(findings.curve()))
    with Image.open(path) as image:
        assert image.format == kind
    assert [file.name for file in path.parent.iterdir()] == [name]


def test_what_cannot_be_drawn_is_told_before_anything_runs() -> None:
    with pytest.raises(UsageError, match=r"\.png"):
        Sheet(Path("sheet.pdf"))
    with pytest.raises(UnknownName, match="Did you mean 'worst'"):
        Sheet(Path("sheet.png"), sort="worse")


def test_a_place_that_cannot_be_written_is_told(
    findings: Findings, data: DataSet, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FileError, match="cannot be made a folder"):
        Sheet(tmp_path / "file" / "a.png").write(
            "A98", findings, data, operating_point(findings.curve())
        )


def _colours(image: Image.Image) -> Iterable[tuple[int, Any]]:
    return image.getcolors(1 << 20) or []
