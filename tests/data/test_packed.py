"""A packed set is the set it was packed from, wherever it lies."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dse.data import open_data
from dse.data.packed import packed_files
from dse.data.picture_files import loader
from dse.data.pictures import ANY_CLASS, DataSet, Picture
from dse.errors import DataError


@pytest.fixture()
def fddb(tmp_path: Path, write_picture: Callable[..., Path]) -> Path:
    root = tmp_path / "fddb"
    for name in ("2002/one", "2003/two"):
        write_picture(root / "originalPics" / f"{name}.jpg", (120, 90))
    (root / "FDDB-folds").mkdir()
    (root / "FDDB-folds" / "FDDB-fold-01-ellipseList.txt").write_text(
        "2002/one\n1\n31.5 20.25 1.2 60.1 40.7 1\n"
        "2003/two\n2\n15 9.3 0.1 30 30 1\n21.7 17.1 -1.5 70.9 50.3 1\n"
    )
    return root


def test_a_packed_set_is_the_same_set(fddb: Path, tmp_path: Path) -> None:
    data = open_data(f"fddb:{fddb}", "eval")
    for name, source in packed_files(data, "eval"):
        place = tmp_path / "there" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(source if isinstance(source, bytes) else source.read_bytes())
    packed = open_data(f"packed:{tmp_path / 'there'}", "eval")
    assert packed.checksum == data.checksum and packed.source == data.source
    for here, there in zip(data.pictures, packed.pictures, strict=True):
        assert there.name == here.name and there.file != here.file
        np.testing.assert_array_equal(there.load(), here.load())
        for kind in ("boxes", "ignored", "boxes_square", "classes", "ignored_classes"):
            np.testing.assert_array_equal(getattr(there, kind), getattr(here, kind))


def test_classes_travel(tmp_path: Path, write_picture: Callable[..., Path]) -> None:
    path = write_picture(tmp_path / "a.jpg")
    boxes = np.array([[1, 2, 30, 30], [5, 5, 20, 20]], np.float32)
    numbers, unclear = np.array([1, 0], np.int32), np.array([ANY_CLASS], np.int32)
    picture = Picture("a", boxes, loader(path), boxes[:1], None, path, numbers, unclear)
    data = DataSet("x", (picture,), classes=("apple", "pear"))
    for name, source in packed_files(data, "train"):
        place = tmp_path / "there" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(source if isinstance(source, bytes) else source.read_bytes())
    packed = open_data(f"packed:{tmp_path / 'there'}", "train")
    assert (packed.classes, packed.checksum) == (data.classes, data.checksum)


def test_what_cannot_be_packed_or_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no file"):
        list(packed_files(open_data("synthetic:2", "train"), "train"))
    with pytest.raises(DataError, match=r"labels\.json cannot be read"):
        open_data(f"packed:{tmp_path}", "val")


ROW = {
    "name": "a",
    "file": "a.jpg",
    "boxes": [[1, 2, 30, 30]],
    "ignored": [],
    "boxes_square": None,
    "classes": [0],
    "ignored_classes": [],
}


def _labels(folder: Path, text: str) -> str:
    (folder / "train").mkdir(exist_ok=True)
    (folder / "train" / "labels.json").write_text(text)
    return f"packed:{folder}"


def test_a_row_by_hand(tmp_path: Path) -> None:
    spec = _labels(tmp_path, json.dumps({"source": "x", "classes": ["face"], "pictures": [ROW]}))
    assert open_data(spec, "train").faces == 1


@pytest.mark.parametrize(
    "change",
    [
        {"name": 5},
        {"file": None},
        {"file": "/etc/hostname"},
        {"file": "../a.jpg"},
        {"boxes": [[1, 2, 3]]},
        {"boxes": [["a", 2, 3, 4]]},
        {"boxes": [[float("nan"), 2, 3, 4]]},
        {"boxes": [[1e308, 2, 3, 4]]},
        {"boxes": [[10**400, 2, 3, 4]]},
        {"boxes": [[1, 2, 30, 30]] * 4001},
        {"boxes": None},
        {"boxes": {}},
        {"ignored": 5},
        {"boxes_square": "x"},
        {"classes": []},
        {"classes": [1]},
        {"classes": [-1]},
        {"classes": [0.5]},
        {"ignored_classes": [0]},
    ],
)
@pytest.mark.filterwarnings("error")
def test_a_row_that_is_no_picture_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    spec = _labels(
        tmp_path, json.dumps({"source": "x", "classes": ["face"], "pictures": [{**ROW, **change}]})
    )
    with pytest.raises(DataError, match="no list of packed pictures") as caught:
        open_data(spec, "train")
    assert caught.value.hint == "pack the pictures again"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"source": 5, "pictures": []}',
        '{"source": "x", "pictures": 5}',
        '{"source": "x", "classes": [], "pictures": []}',
        '{"source": "x", "classes": [5], "pictures": []}',
        '{"source": "x", "classes": ["face"], "pictures": ["y"]}',
        "[" * 100_000,
        "9" * 5000,
    ],
    ids=lambda text: text[:20],
)
def test_what_is_no_list_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match="no list of packed pictures"):
        open_data(_labels(tmp_path, text), "train")


def test_odd_endings_do_not_travel(write_picture: Callable[..., Path], tmp_path: Path) -> None:
    names = ("a.JPG", "b.\x1b[2J", "c." + "x" * 200, os.fsdecode(b"d.jp\xe9g"))
    paths = [write_picture(tmp_path / name, format="JPEG") for name in names]
    empty = np.zeros((0, 4), np.float32)
    data = DataSet("x", tuple(Picture(p.name, empty, loader(p), file=p) for p in paths))
    packed = [name for name, _ in packed_files(data, "val")]
    assert packed == ["val/000000.JPG", "val/000001", "val/000002", "val/000003", "val/labels.json"]
