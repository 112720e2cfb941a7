"""Which layout a folder has."""

from __future__ import annotations

from pathlib import Path

import pytest

from dse.data.layouts import layout_of
from dse.errors import DataError


@pytest.mark.parametrize(
    ("kind", "files"),
    [
        ("wider", ["wider_face_split/wider_face_train_bbx_gt.txt"]),
        ("fddb", ["FDDB-folds/FDDB-fold-01-ellipseList.txt"]),
        ("coco", ["annotations/instances_val2017.json", "val2017/a.jpg"]),
        ("coco", ["train/_annotations.coco.json", "train/a.jpg"]),
        ("voc", ["Annotations/a.xml", "JPEGImages/a.jpg", "ImageSets/Main/train.txt"]),
        ("voc", ["imgs/a.jpg", "anns/a.xml"]),
        ("voc", ["images/x/a.jpg", "xml/x/a.XML", "labels.txt"]),
        ("voc", ["a.jpg", "a.xml"]),
        ("yolo", ["images/train/a.jpg", "labels/train/a.txt", "coco128.yaml"]),
        ("yolo", ["Images/a.jpg", "Labels/a.txt"]),
        ("yolo", ["a.jpg", "a.txt"]),
        ("yolo", ["data/obj/a.jpg", "data/obj/a.txt", "obj.names", "train.txt"]),
        ("yolo", ["a.JPG", "A.txt", "settings.json/x"]),
    ],
)
def test_layouts(tmp_path: Path, kind: str, files: list[str]) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert layout_of(tmp_path) == kind


@pytest.mark.parametrize(
    ("files", "what"),
    [
        (["a.jpg", "b/c.png"], "2 pictures and no labels"),
        (["readme.md"], "neither pictures nor labels"),
        ([], "nothing: it is empty"),
    ],
)
def test_what_is_no_data_set(tmp_path: Path, files: list[str], what: str) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    with pytest.raises(DataError, match=f"has {what}") as caught:
        layout_of(tmp_path)
    assert "known layouts: wider:" in caught.value.hint
