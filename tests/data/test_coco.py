"""COCO folders in their several arrangements."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dse.data import open_data
from dse.data.coco import read_coco
from dse.data.pictures import ANY_CLASS, DataSet
from dse.errors import DataError

Write = Callable[..., Path]

CATEGORIES = [{"id": 3, "name": "pear"}, {"id": 1, "name": "apple"}, {"id": 0, "name": "fruit"}]


def box(image: Any, category: Any, *bbox: float, **more: Any) -> dict[str, Any]:
    return {"image_id": image, "category_id": category, "bbox": list(bbox), **more}


def listing(path: Path, *boxes: dict[str, Any], images: int = 1, **more: Any) -> None:
    told = [{"id": n, "file_name": f"{n}.jpg", "width": 60, "height": 40} for n in range(images)]
    whole = {"images": told, "annotations": boxes, "categories": CATEGORIES, **more}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(whole))


@pytest.fixture
def official(tmp_path: Path, write_picture: Write) -> Path:
    for part in ("train", "val"):
        write_picture(tmp_path / f"{part}2017" / "0.jpg")
        boxes = box(0, 3, 10, 5, 20, 20), box(0, 1, 0, 0, 30, 30)
        listing(tmp_path / "annotations" / f"instances_{part}2017.json", *boxes)
    (tmp_path / "annotations" / "captions_train2017.json").write_text("{}")
    return tmp_path


def test_the_official_layout(official: Path) -> None:
    train, val, evaluation = (read_coco(official, split) for split in ("train", "val", "eval"))
    assert train.classes == val.classes == ("apple", "pear")  # by number; nothing is a fruit
    (picture,) = train.pictures
    assert picture.name == "train2017/0.jpg"
    np.testing.assert_array_equal(picture.boxes, [[10, 5, 30, 25], [0, 0, 30, 30]])
    assert picture.classes.tolist() == [1, 0]
    assert [one.name for one in val.pictures] == ["val2017/0.jpg"]
    assert evaluation.checksum == val.checksum


def test_roboflows_layout(tmp_path: Path, write_picture: Write) -> None:
    for part in ("train", "valid", "test"):
        write_picture(tmp_path / part / "0.jpg")
        listing(tmp_path / part / "_annotations.coco.json", box(0, 1, 1, 2, 30, 30))
    names = [read_coco(tmp_path, split).pictures[0].name for split in ("train", "val", "eval")]
    assert names == ["train/0.jpg", "valid/0.jpg", "test/0.jpg"]
    assert open_data(str(tmp_path), "train").source == f"coco:{tmp_path}"


def one(folder: Path, write_picture: Write, *boxes: dict[str, Any], **more: Any) -> DataSet:
    for part in ("train", "val"):
        write_picture(folder / part / "0.jpg")
        listing(folder / part / "_annotations.coco.json", box(0, 1, 1, 2, 30, 30))
    listing(folder / "train" / "_annotations.coco.json", *boxes, **more)
    return read_coco(folder, "train")


def test_a_crowd_counts_neither_way(tmp_path: Path, write_picture: Write) -> None:
    boxes = box(0, 1, 1, 2, 30, 30), box(0, 3, 0, 0, 50, 30, iscrowd=1, segmentation={"size": 1})
    (picture,) = one(tmp_path, write_picture, *boxes).pictures
    assert (picture.classes.tolist(), picture.ignored_classes.tolist()) == ([0], [1])


def test_what_cannot_be_used_is_counted(tmp_path: Path, write_picture: Write) -> None:
    boxes = (
        box(0, 1, 1, 2, 30, 30),
        box(0, 1, 1, 2, 30),
        box(0, 1, 1e300, 2, 30, 30),
        box(0, 9, 1, 2, 30, 30),
        box(7, 1, 1, 2, 30, 30),
        {"image_id": 0, "category_id": 1},
    )
    data = one(tmp_path, write_picture, *boxes, images=2)
    assert (len(data), data.faces) == (1, 1)
    assert data.pictures[0].ignored_classes.tolist() == [ANY_CLASS]
    assert sorted((item.name, item.reason) for item in data.skipped) == [
        ("1.jpg", "there is no such file"),
        ("train/0.jpg box 2", "no box 'x, y, width, height'"),
        ("train/0.jpg box 3", "no box 'x, y, width, height'"),
        ("train/0.jpg box 4", "no name for class 9: counts neither way"),
        ("train/0.jpg box 5", "no box 'x, y, width, height'"),
        ("train/_annotations.coco.json", "1 boxes of pictures that it does not list"),
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ('{"x": ' + "[" * 100_000, "not JSON"),
        ("[" * 100_000, "it must be a table"),
        ("[]", "it must be a table"),
        ("{}", "'images' is missing"),
        ('{"images": 5, "annotations": [], "categories": []}', "'images' must be a list"),
        ('{"images": [{"id": null, "file_name": "a"}], "annotations": [], "categories": []}', "id"),
        ('{"images": [{"id": 1, "file_name": 5}], "annotations": [], "categories": []}', "file_na"),
    ],
    ids=range(9),
)
def test_a_list_that_cannot_be_understood(official: Path, text: str, why: str) -> None:
    (official / "annotations" / "instances_val2017.json").write_text(text)
    with pytest.raises(DataError, match=why) as caught:
        read_coco(official, "train")
    assert "instances_val2017.json" in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_picture_is_looked_for_in_its_own_part(official: Path, write_picture: Write) -> None:
    write_picture(official / "archive" / "0.jpg")
    assert read_coco(official, "val").pictures[0].name == "val2017/0.jpg"


def test_names_lead_nowhere_else(tmp_path: Path, write_picture: Write) -> None:
    write_picture(tmp_path / "out.jpg")
    folder = tmp_path / "set"
    write_picture(folder / "in.jpg")
    images = [{"id": 0, "file_name": "../out.jpg"}, {"id": 1, "file_name": f"{tmp_path}/out.jpg"}]
    for part in ("train", "val"):
        boxes = [box(n, 1, 1, 2, 30, 30) for n in range(2)]
        listing(folder / f"{part}.json", *boxes, images=0)
        whole = json.loads((folder / f"{part}.json").read_text()) | {"images": images}
        (folder / f"{part}.json").write_text(json.dumps(whole))
    with pytest.raises(DataError, match="no picture can be used"):
        read_coco(folder, "train")
