"""YOLO folders in their several arrangements."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dse.data import assembly
from dse.data.foreign import MOST_BOXES
from dse.data.picture_files import checked_size
from dse.data.pictures import ANY_CLASS, DataSet
from dse.data.yolo import read_yolo
from dse.errors import DataError
from dse.files import printable

FACE = "0 0.5 0.5 0.4 0.5\n"
"""On 60 x 40 pixels: 18, 10, 42, 30."""

Write = Callable[..., Path]


@pytest.fixture
def add(tmp_path: Path, write_picture: Write) -> Callable[..., Path]:
    """Adds a 60 x 40 picture and its text file, both given below the folder."""

    def write(picture: str, label: str, text: str = FACE) -> Path:
        write_picture(tmp_path / picture)
        (tmp_path / label).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / label).write_text(text)
        return tmp_path

    return write


def names(data: DataSet) -> list[str]:
    return [picture.name for picture in data.pictures]


def test_fractions_become_corners(add: Write) -> None:
    folder = add("images/train/a.jpg", "labels/train/a.txt", FACE + "0 0.25 0.5 0.5 1\n\n")
    add("images/val/b.png", "labels/val/b.txt")
    data = read_yolo(folder, "train")
    np.testing.assert_allclose(
        data.pictures[0].boxes, [[18, 10, 42, 30], [0, 0, 30, 40]], atol=1e-4
    )
    assert data.pictures[0].load().shape == (40, 60, 3)


@pytest.mark.parametrize(
    ("images", "labels"), [("images/{}", "labels/{}"), ("{}/images", "{}/labels")]
)
def test_parts_as_folders(add: Write, images: str, labels: str) -> None:
    for part in ("train", "valid", "test"):
        folder = add(
            f"{images.format(part)}/deep/{part}.jpg", f"{labels.format(part)}/deep/{part}.txt"
        )
    for split, part in (("train", "train"), ("val", "valid"), ("eval", "test")):
        assert names(read_yolo(folder, split)) == [f"{images.format(part)}/deep/{part}.jpg"]


def test_parts_as_lists(add: Write) -> None:
    for name in "abc":
        folder = add(f"images/{name}.jpg", f"labels/{name}.txt")
    (folder / "train.txt").write_text("./images/a.jpg\nimages/b.jpg\n\n")
    (folder / "val.txt").write_text(f"{folder}/images/c.jpg\nimages/lost.jpg\n")
    assert names(read_yolo(folder, "train")) == ["images/a.jpg", "images/b.jpg"]
    validation = read_yolo(folder, "val")
    assert names(validation) == ["images/c.jpg"]
    assert [one.name for one in validation.skipped] == ["images/lost.jpg"]
    assert names(read_yolo(folder, "eval")) == names(validation)


def test_without_parts_every_picture_is_in_exactly_one(add: Write) -> None:
    for number in range(30):
        folder = add(f"images/{number}.jpg", f"labels/{number}.txt")
    train, val, evaluation = (names(read_yolo(folder, split)) for split in ("train", "val", "eval"))
    expected = sorted(f"images/{number}.jpg" for number in range(30))
    assert sorted([*train, *val, *evaluation]) == expected
    assert len(train) > 15


def test_text_beside_the_pictures_in_a_folder_called_images(add: Write) -> None:
    for number in range(12):
        add(f"images/set/{number}.jpg", f"images/set/{number}.txt")
    folder = add("images/set/x.jpg", "images/set/x.txt") / "images" / "set"
    (folder / "classes.txt").write_text("face\n")
    data = read_yolo(folder, "train")
    assert data.faces == len(data) > 5


def test_no_text_or_an_empty_one_means_no_face(add: Write, write_picture: Write) -> None:
    folder = add("images/train/a.jpg", "labels/train/a.txt")
    add("images/train/empty.jpg", "labels/train/empty.txt", "")
    write_picture(folder / "images" / "train" / "none.jpg")
    add("images/val/b.jpg", "labels/val/b.txt")
    assert [len(picture.boxes) for picture in read_yolo(folder, "train").pictures] == [1, 0, 0]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("data.yaml", "nc: 3\nnames: [person, face, car]\n"),
        ("config.yaml", "names:\n  0: person\n  1: face\n"),
        ("classes.txt", "person\nface\n"),
        ("data/obj.names", "person\nface\n"),
    ],
)
def test_classes_are_called_as_the_folder_says(add: Write, file: str, text: str) -> None:
    rows = "1 0.5 0.5 0.4 0.5\n0 0.5 0.5 1 1\n7 0.5 0.5 0.2 0.2\n"
    folder = add("images/train/a.jpg", "labels/train/a.txt", rows)
    add("images/val/b.jpg", "labels/val/b.txt")
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(text)
    data = read_yolo(folder, "train")
    assert data.classes == read_yolo(folder, "val").classes == ("person", "face")
    assert data.pictures[0].classes.tolist() == [1, 0]
    assert data.pictures[0].ignored_classes.tolist() == [ANY_CLASS]  # nobody knows what 7 is
    (skipped,) = data.skipped
    assert skipped.name == "images/train/a.jpg box 3"
    assert f"no name for class 7 in {file}" in skipped.reason
    missing = [note for note in data.notes if "without any box" in note]
    assert missing == (["listed classes without any box, left out: car"] if "car" in text else [])


def test_classes_without_a_list_are_numbered(add: Write) -> None:
    folder = add("images/train/a.jpg", "labels/train/a.txt", "0 0.5 0.5 1 1\n10 0.5 0.5 1 1\n")
    add("images/val/b.jpg", "labels/val/b.txt", "2 0.5 0.5 1 1\n")
    assert read_yolo(folder, "val").classes == ("class0", "class2", "class10")


@pytest.mark.parametrize("text", ["names: [face\n", "names: 5\n", "names: {a: b}\n"])
def test_a_damaged_yaml_is_refused(add: Write, text: str) -> None:
    folder = add("images/train/a.jpg", "labels/train/a.txt")
    (folder / "data.yaml").write_text(text)
    with pytest.raises(DataError, match=r"data.yaml: cannot be understood"):
        read_yolo(folder, "train")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("0 0.5 0.5 0.4\n", ":2: expected 'class cx cy w h', found '0 0.5 0.5 0.4'"),
        ("face 0.5 0.5 0.4 0.5\n", ":2: expected"),
        ("0 0.1 0.1 0.2 0.1 0.2 0.2 0.1\n", ":2: expected"),
        ("0 nan 0.5 0.4 0.5\n", ":2: expected"),
        ("-1 0.5 0.5 0.4 0.5\n", ":2: expected"),
        ("0 30 20 24 20\n", ":2: a box is given in pixels"),
    ],
)
def test_a_malformed_line_costs_its_picture(add: Write, row: str, reason: str) -> None:
    folder = add("images/train/good.jpg", "labels/train/good.txt")
    add("images/train/bad.jpg", "labels/train/bad.txt", FACE + row)
    add("images/val/b.jpg", "labels/val/b.txt")
    data = read_yolo(folder, "train")
    assert names(data) == ["images/train/good.jpg"]
    (skipped,) = data.skipped
    assert skipped.name == "images/train/bad.jpg"
    assert f"bad.txt{reason}" in skipped.reason


def test_outlines_become_boxes_and_scores_are_passed_over(add: Write) -> None:
    rows = "0 0.1 0.2 0.5 0.1 0.9 0.2 0.5 0.8\n0 0.5 0.5 0.4 0.5 0.93\n"
    folder = add("images/train/a.jpg", "labels/train/a.txt", rows)
    add("images/val/b.jpg", "labels/val/b.txt")
    boxes = read_yolo(folder, "train").pictures[0].boxes
    np.testing.assert_allclose(boxes, [[6, 4, 54, 32], [18, 10, 42, 30]], atol=1e-4)


def test_boxes_that_cannot_be_are_counted(add: Write) -> None:
    rows = FACE + "0 0.5 0.5 0 0.5\n0 1.5 0.5 0.2 0.5\n0 1 1 0.5 0.5\n"
    folder = add("images/train/a.jpg", "labels/train/a.txt", rows)
    add("images/val/b.jpg", "labels/val/b.txt")
    data = read_yolo(folder, "train")
    np.testing.assert_allclose(data.pictures[0].boxes[1], [45, 30, 60, 40], atol=1e-4)
    assert [one.name[-5:] for one in data.skipped] == ["box 2", "box 3"]


def test_too_few_pictures_to_divide(add: Write) -> None:
    folder = add("images/a.jpg", "labels/a.txt")
    with pytest.raises(DataError, match="too few pictures for a '") as caught:
        for split in ("train", "val", "eval"):
            read_yolo(folder, split)
    assert "folders or lists called train" in caught.value.hint


def test_all_labels_missing_is_refused(add: Write) -> None:
    folder = add("images/train/a.jpg", "labels/train/other.txt")
    add("images/val/b.jpg", "labels/val/b.txt")
    with pytest.raises(DataError, match="none of 1 pictures has a labelled object"):
        read_yolo(folder, "train")


HOSTILE_ROWS = [
    "1e300 0.5 0.5 0.4 0.5",
    "infinity 0.5 0.5 0.4 0.5",
    "0 1e308 1e308 1e308 1e308",
    "0 1e400 0.5 0.4 0.5",
    f"0 {'9' * 5000} 0.5 0.4 0.5",
    "\x1b[2J 0.5 0.5 0.4 0.5",
    "0 0.5\0 0.5 0.4 0.5",
]


@pytest.mark.parametrize("row", HOSTILE_ROWS, ids=range(len(HOSTILE_ROWS)))
@pytest.mark.filterwarnings("error")
def test_a_hostile_line_costs_its_picture(add: Write, row: str) -> None:
    folder = add("images/train/good.jpg", "labels/train/good.txt")
    add("images/train/bad.jpg", "labels/train/bad.txt", f"{row}\n")
    add("images/val/b.jpg", "labels/val/b.txt")
    data = read_yolo(folder, "train")
    assert names(data) == ["images/train/good.jpg"]
    (skipped,) = data.skipped
    assert "bad.txt" in skipped.reason
    assert skipped.reason.isprintable()


def test_a_label_that_cannot_be_read_costs_its_picture(add: Write) -> None:
    folder = add("images/train/good.jpg", "labels/train/good.txt")
    for name in ("pipe", "folder", "device", "dangling", "huge"):
        add(f"images/train/{name}.jpg", f"labels/train/{name}.txt")
        (folder / "labels" / "train" / f"{name}.txt").unlink()
    labels = folder / "labels" / "train"
    os.mkfifo(labels / "pipe.txt")
    (labels / "folder.txt").mkdir()
    (labels / "device.txt").symlink_to("/dev/zero")
    (labels / "dangling.txt").symlink_to("nowhere")
    (labels / "huge.txt").touch()
    os.truncate(labels / "huge.txt", 200 << 20)
    add("images/val/b.jpg", "labels/val/b.txt")
    data = read_yolo(folder, "train")
    assert names(data) == ["images/train/good.jpg"]
    reasons = {one.name[13:-4]: one.reason for one in data.skipped}
    assert all("not a regular file" in reasons[one] for one in ("pipe", "folder", "device"))
    assert "No such file" in reasons["dangling"]
    assert "larger than 1 MiB" in reasons["huge"]


def test_too_many_boxes_cost_their_picture(add: Write) -> None:
    folder = add("images/train/good.jpg", "labels/train/good.txt", FACE * MOST_BOXES)
    add("images/train/bad.jpg", "labels/train/bad.txt", FACE * (MOST_BOXES + 1))
    add("images/val/b.jpg", "labels/val/b.txt")
    data = read_yolo(folder, "train")
    assert names(data) == ["images/train/good.jpg"]
    assert data.skipped[0].reason == "4001 boxes, more than 4000 on one picture"


def test_a_list_leads_nowhere_else(add: Write, write_picture: Write) -> None:
    folder = add("data/images/in.jpg", "data/labels/in.txt") / "data"
    add("other/images/out.jpg", "other/labels/out.txt")
    add("data/images/v.jpg", "data/labels/v.txt")
    outside = [
        "../other/images/out.jpg",
        f"{folder.parent}/other/images/out.jpg",
        "images/../../other/images/out.jpg",
        "/etc/hostname",
        "//etc/hostname",
    ]
    (folder / "train.txt").write_text("\n".join([*outside, "images/../images/in.jpg"]))
    (folder / "val.txt").write_text("images/v.jpg\n")
    data = read_yolo(folder, "train")
    assert names(data) == ["images/in.jpg"]
    assert [one.name for one in data.skipped] == outside
    assert all(one.reason.startswith("outside the data folder") for one in data.skipped)
    (folder / "images" / "linked").symlink_to(folder.parent / "other" / "images")
    (folder / "train.txt").write_text("images/linked/out.jpg\nimages/in.jpg")
    assert names(read_yolo(folder, "train")) == ["images/linked/out.jpg", "images/in.jpg"]


def test_a_file_listed_often_is_opened_once(add: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = add("images/a.jpg", "labels/a.txt")
    (folder / "train.txt").write_text("images/a.jpg\n./images/a.jpg\nimages/../images/a.jpg\n" * 9)
    (folder / "val.txt").write_text("images/a.jpg\n")
    opened: list[Path] = []

    def checked(path: Path) -> tuple[int, int]:
        opened.append(path)
        return checked_size(path)

    monkeypatch.setattr(assembly, "checked_size", checked)
    data = read_yolo(folder, "train")
    assert len(data) == len(opened) == 1
    assert [one.reason for one in data.skipped] == ["listed before"] * 26


def test_a_list_that_is_no_file_is_refused(add: Write) -> None:
    folder = add("images/train/a.jpg", "labels/train/a.txt")
    os.mkfifo(folder / "train.txt")
    with pytest.raises(DataError, match=r"train\.txt: not a regular file"):
        read_yolo(folder, "train")


def test_names_that_no_file_system_has(add: Write) -> None:
    folder = add("images/a.jpg", "labels/a.txt")
    long = ["x" * 300 + ".jpg", "y/" * 3000 + "z.jpg", "w" * 1_000_000, "\x1b[2J.jpg"]
    (folder / "train.txt").write_text("\n".join([*long, "images/a.jpg"]))
    (folder / "val.txt").write_text("images/a.jpg\n")
    data = read_yolo(folder, "train")
    assert names(data) == ["images/a.jpg"]
    reasons = [one.reason for one in data.skipped]
    assert reasons[:3] == ["cannot be opened (File name too long)"] * 3
    assert data.skipped[3].name == "\\x1b[2J.jpg"


@pytest.mark.parametrize("name", [b"caf\xe9", b"a\nb", b"\x1b[2J"])
def test_odd_names_are_read_and_told_in_plain_letters(
    add: Write, write_picture: Write, name: bytes
) -> None:
    folder = add("images/val/v.jpg", "labels/val/v.txt")
    odd = os.fsdecode(name)
    add(f"images/train/{odd}.jpg", f"labels/train/{odd}.txt")
    data = read_yolo(folder, "train")
    assert data.faces == 1
    assert data.pictures[0].load().shape == (40, 60, 3)
    assert data.pictures[0].name == f"images/train/{printable(odd)}.jpg"
    assert len(data.checksum) == 16
    if b"\n" not in name:
        (folder / "train.txt").write_bytes(b"images/train/" + name + b".jpg\n")
        assert read_yolo(folder, "train").checksum == data.checksum
