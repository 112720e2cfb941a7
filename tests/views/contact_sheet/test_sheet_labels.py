"""Sheets of labelled pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dse.data.pictures import DataSet, Picture
from dse.errors import UsageError
from dse.views.contact_sheet import Sheet, write_labels
from dse.views.contact_sheet.labels import class_mark, labels_sheet


def _grey() -> np.ndarray:
    return np.full((120, 160, 3), 90, np.uint8)


def fruit(count: int) -> DataSet:
    boxes = np.array([[10, 10, 60, 60], [80, 20, 150, 110]], np.float32)
    numbers = np.array([0, 1], np.int32)
    pictures = tuple(
        Picture(str(n), boxes, _grey, boxes[:1] + 50, classes=numbers) for n in range(count)
    )
    return DataSet("x", pictures, classes=("apple", "pear"))


def _has(image: Image.Image, colour: str) -> bool:
    wanted = tuple(bytes.fromhex(colour[1:]))
    return bool((np.asarray(image) == wanted).all(axis=2).any())


def test_each_class_has_its_colour(tmp_path: Path) -> None:
    image = labels_sheet(fruit(3), Sheet(tmp_path / "a.png", 4))
    for number in (0, 1):
        assert _has(image, class_mark(number).colour)
    assert not _has(image, class_mark(2).colour)


def test_twenty_classes_can_be_told_apart() -> None:
    marks = [class_mark(number) for number in range(20)]
    assert len(set(marks)) == 20


def test_equal_arguments_give_equal_pixels_and_a_whole_file(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        write_labels(fruit(30), Sheet(tmp_path / name, 5, seed=2))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with pytest.raises(UsageError, match="is none of"):
        Sheet(tmp_path / "a.pdf")
