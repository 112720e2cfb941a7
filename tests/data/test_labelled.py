"""Boxes of other frames come into the picture as it is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from dse.data.labelled import NO_SIZE, RAW, SCALED, TOLD_WRONG, Labelled, as_picture, upright
from dse.data.pictures import ANY_CLASS, Picture, Skipped

Write = Callable[..., Path]
BOX = np.array([[10.0, 5, 30, 25]])


@pytest.mark.parametrize("turn", range(1, 9))
def test_turned_boxes_lie_where_the_turned_pixels_do(turn: int) -> None:
    pixels = np.zeros((40, 60), np.uint8)
    pixels[5:25, 10:30] = 255
    image = Image.fromarray(pixels)
    exif = image.getexif()
    exif[0x0112] = turn
    shown = np.asarray(ImageOps.exif_transpose(image))
    ((x0, y0, x1, y1),) = upright(BOX, turn, (shown.shape[1], shown.shape[0])).astype(int)
    assert shown[y0:y1, x0:x1].min() == 255
    assert shown.sum() == 255 * (y1 - y0) * (x1 - x0)


def placed(path: Path, **told: object) -> tuple[Picture | None, list[Skipped], Counter[str]]:
    skipped: list[Skipped] = []
    seen = Counter[str]()
    labelled = Labelled("a", path, labels=("thing",), **{"boxes": BOX, **told})  # type: ignore[arg-type]
    return as_picture(labelled, {"thing": 0}, skipped, seen), skipped, seen


@pytest.mark.parametrize(
    ("size", "boxes", "expected", "what"),
    [
        (None, BOX, BOX, None),
        ((60, 40), BOX, BOX, None),
        ((0, 0), BOX, BOX, NO_SIZE),
        ((120, 80), BOX * 2, BOX, SCALED),
        ((30, 20), BOX / 2, BOX, SCALED),
        ((30, 20), BOX * 1.1, BOX * 1.1, TOLD_WRONG),
    ],
)
def test_sizes_that_annotations_tell(
    tmp_path: Path,
    write_picture: Write,
    size: object,
    boxes: object,
    expected: object,
    what: str,
) -> None:
    path = write_picture(tmp_path / "a.jpg")
    picture, _, seen = placed(path, size=size, boxes=boxes)
    assert picture is not None
    np.testing.assert_allclose(picture.boxes, np.asarray(expected), atol=1e-4)
    assert list(seen) == ([what] if what else [])


def test_a_size_of_another_shape_is_refused(tmp_path: Path, write_picture: Write) -> None:
    picture, skipped, _ = placed(write_picture(tmp_path / "a.jpg"), size=(40, 60))
    assert picture is None
    assert skipped[0].reason == "annotated at 40 x 60 pixels, the picture is 60 x 40"


def test_a_photograph_with_boxes_in_the_raw_frame(tmp_path: Path, write_picture: Write) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = write_picture(tmp_path / "a.jpg", (60, 40), exif=exif)
    picture, _, seen = placed(path, size=(60, 40))
    assert picture is not None and list(seen) == [RAW]
    assert picture.load().shape == (60, 40, 3)
    np.testing.assert_array_equal(picture.boxes, [[15, 10, 35, 30]])


def test_what_nobody_could_name_is_ignored(tmp_path: Path, write_picture: Write) -> None:
    path = write_picture(tmp_path / "a.jpg")
    told = Labelled("a", path, np.repeat(BOX, 3, 0), ("Thing", None, "other"))
    picture = as_picture(told, {"thing": 0}, [], Counter())
    assert picture is not None
    assert picture.classes.tolist() == [0]
    assert picture.ignored_classes.tolist() == [ANY_CLASS, ANY_CLASS]
