"""Pascal VOC folders in their several arrangements."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dse.data.pictures import ANY_CLASS, DataSet
from dse.data.voc import read_voc
from dse.errors import DataError

Write = Callable[..., Path]


def thing(name: str, *corners: object, difficult: int = 0) -> str:
    tags = zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True)
    box = "".join(f"<{tag}>{value}</{tag}>" for tag, value in tags)
    return (
        f"<object><name>{name}</name><difficult>{difficult}</difficult>"
        f"<bndbox>{box}</bndbox></object>\n"
    )


FACE = thing("face", 11, 6, 30, 25)


def xml(*objects: str, filename: str = "", size: tuple[int, int] = (60, 40)) -> str:
    shape = f"<size><width>{size[0]}</width><height>{size[1]}</height><depth>3</depth></size>"
    body = "".join(objects)
    return f"<annotation>\n<filename>{filename}</filename>\n{shape}\n{body}</annotation>\n"


@pytest.fixture
def add(tmp_path: Path, write_picture: Write) -> Write:
    """Adds a 60 x 40 picture and its XML, in the official folders below `below`."""

    def write(name: str, text: str = xml(FACE), below: str = ".") -> Path:
        root = tmp_path / below
        write_picture(root / "JPEGImages" / f"{name}.jpg")
        (root / "Annotations").mkdir(exist_ok=True)
        (root / "Annotations" / f"{name}.xml").write_text(text)
        return tmp_path

    return write


@pytest.fixture
def parts(tmp_path: Path) -> Callable[..., None]:
    """Writes `ImageSets/Main/<part>.txt` below `below`."""

    def write(below: str = ".", **lists: list[str]) -> None:
        main = tmp_path / below / "ImageSets" / "Main"
        main.mkdir(parents=True, exist_ok=True)
        for part, names_ in lists.items():
            (main / f"{part}.txt").write_text("".join(f"{name}\n" for name in names_))

    return write


def names(data: DataSet) -> list[str]:
    return [picture.name.rpartition("/")[2] for picture in data.pictures]


def test_boxes_count_from_one(add: Write, parts: Write) -> None:
    folder = add("a")
    parts(train=["a"], val=["a"])
    (picture,) = read_voc(folder, "train").pictures
    np.testing.assert_array_equal(picture.boxes, [[10, 5, 30, 25]])  # 20 x 20 pixels
    assert picture.load().shape == (40, 60, 3)


def test_difficult_and_tiny_faces_are_ignored(add: Write, parts: Write) -> None:
    rows = (FACE, thing("face", 1, 1, 20, 20, difficult=1), thing("face", 1, 1, 4, 20))
    folder = add("a", xml(*rows))
    parts(train=["a"], val=["a"])
    (picture,) = read_voc(folder, "train").pictures
    np.testing.assert_array_equal(picture.boxes, [[10, 5, 30, 25]])
    np.testing.assert_array_equal(picture.ignored, [[0, 0, 20, 20], [0, 0, 4, 20]])


@pytest.mark.parametrize("below", [".", "VOC2007", "VOCdevkit/VOC2012"])
def test_official_parts(add: Write, parts: Write, below: str) -> None:
    for name in "abc":
        folder = add(name, below=below)
    parts(below, train=["a  1"], val=["b -1"], test=["c"])
    found = [names(read_voc(folder, split)) for split in ("train", "val", "eval")]
    assert found == [["a"], ["b"], ["c"]]


def test_parts_as_folders_with_pictures_beside(tmp_path: Path, write_picture: Write) -> None:
    for part in ("train", "valid", "test"):
        write_picture(tmp_path / part / f"{part}_a.png")
        (tmp_path / part / f"{part}_a.xml").write_text(xml(FACE))
    found = [names(read_voc(tmp_path, split)) for split in ("train", "val", "eval")]
    assert found == [["train_a"], ["valid_a"], ["test_a"]]


def test_lower_case_folders_and_another_file_name(tmp_path: Path, write_picture: Write) -> None:
    (tmp_path / "annotations").mkdir()
    for number in range(12):
        write_picture(tmp_path / "images" / f"photo {number}.png")
        text = xml(FACE, filename=f"/x/photo {number}.png")
        (tmp_path / "annotations" / f"{number}.xml").write_text(text)
    data = read_voc(tmp_path, "train")
    assert data.faces == len(data) > 5


def test_every_class_counts_in_the_order_of_the_alphabet(add: Write, parts: Write) -> None:
    folder = add("a", xml(thing("pear", 1, 1, 50, 40), thing("apple", 1, 1, 30, 30)))
    add("b", xml(thing("pear", 1, 1, 50, 40)))
    add("c")
    parts(train=["a"], val=["b", "c"])
    train, val = (read_voc(folder, split) for split in ("train", "val"))
    assert train.classes == val.classes == ("apple", "face", "pear")
    assert train.pictures[0].classes.tolist() == [2, 0]
    assert [picture.classes.tolist() for picture in val.pictures] == [[2], [1]]


def test_names_that_differ_in_case_are_one_class(add: Write, parts: Write) -> None:
    folder = add("a", xml(thing("Face", 1, 1, 30, 30), thing("face ", 5, 5, 40, 40)))
    parts(train=["a"], val=["a"])
    data = read_voc(folder, "train")
    assert data.classes == ("face",)
    assert data.faces == 2


def test_an_object_without_a_name_counts_neither_way(add: Write, parts: Write) -> None:
    folder = add("a", xml(FACE, thing(" ", 1, 1, 30, 30)))
    parts(train=["a"], val=["a"])
    data = read_voc(folder, "train")
    assert data.faces == 1
    assert data.pictures[0].ignored_classes.tolist() == [ANY_CLASS]
    assert [(one.name, one.reason[:24]) for one in data.skipped] == [
        ("Annotations/a box 2", "an object without a name")
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<annotation>\n<object>\n</annotation>", "bad.xml:3: malformed XML (mismatched tag)"),
        ("", "bad.xml:1: malformed XML (no element found)"),
        (xml(thing("face", 1, "two", 30, 30)), "object 1: expected a number in <bndbox/ymin>"),
        (xml(FACE, "<object></object>"), "object 2: expected a number in <bndbox/xmin>"),
        (xml(thing("face", 1, "nan", 30, 30)), "object 1: expected a number in <bndbox/ymin>"),
        (xml(FACE, size=(40, 60)), "annotated at 40 x 60 pixels, the picture is 60 x 40"),
    ],
)
def test_a_malformed_annotation_costs_its_picture(
    add: Write, parts: Write, text: str, reason: str
) -> None:
    folder = add("good")
    add("bad", text)
    parts(train=["good", "bad", "lost"], val=["good"])
    data = read_voc(folder, "train")
    assert names(data) == ["good"]
    reasons = {one.name: one.reason for one in data.skipped}
    assert reason in reasons["Annotations/bad"]
    assert "No such file" in reasons["Annotations/lost"]
    assert read_voc(folder, "val").skipped == ()


def test_a_missing_picture_is_named(add: Write, parts: Write) -> None:
    folder = add("a")
    add("b")
    (folder / "JPEGImages" / "b.jpg").unlink()
    parts(train=["a", "b"], val=["a"])
    data = read_voc(folder, "train")
    assert [(one.name, one.reason) for one in data.skipped] == [
        ("Annotations/b", "there is no such file")
    ]


def test_too_few_pictures_to_divide(add: Write) -> None:
    folder = add("a")
    with pytest.raises(DataError, match="too few pictures for a") as caught:
        for split in ("train", "val", "eval"):
            read_voc(folder, split)
    assert "folders or lists called train" in caught.value.hint


def test_lists_lead_nowhere_else(add: Write, parts: Write) -> None:
    folder = add("a", below="VOC2007") / "VOC2007"
    add("out", below="other")
    outside = ["../../other/Annotations/out", f"{folder.parent}/other/Annotations/out", "/etc/x"]
    parts("VOC2007", train=[*outside, "a"], val=["a"])
    data = read_voc(folder, "train")
    assert names(data) == ["a"]
    assert [one.name for one in data.skipped] == [f"{name}.xml" for name in outside]
    assert all(one.reason.startswith("outside the data folder") for one in data.skipped)
    assert read_voc(folder, "val").skipped == ()


def test_a_list_of_nothing_but_other_places_is_refused(add: Write, parts: Write) -> None:
    folder = add("a")
    parts(train=["/etc/x"], val=["a"])
    with pytest.raises(DataError, match=r"no picture can be used .*outside the data folder"):
        read_voc(folder, "train")


def test_names_that_no_file_system_has(add: Write, parts: Write) -> None:
    folder = add("a", xml(FACE, filename="x" * 300 + ".jpg"))  # found by the annotation's name
    parts(train=["y" * 300, "z" * 100_000, "\x1b[2J", "a"], val=["a"])
    data = read_voc(folder, "train")
    assert names(data) == ["a"]
    assert len(data.skipped) == 3
    assert all(one.name.isprintable() and one.reason.isprintable() for one in data.skipped)


@pytest.mark.parametrize("filename", ["/etc/hostname", "../../../etc/hostname", "..", "/"])
def test_a_file_name_leads_nowhere_else(add: Write, parts: Write, filename: str) -> None:
    folder = add("a", xml(FACE, filename=filename))
    parts(train=["a"], val=["a"])
    (picture,) = read_voc(folder, "train").pictures
    assert picture.file == folder / "JPEGImages" / "a.jpg"


def test_pipes_are_refused(add: Write, parts: Write) -> None:
    folder = add("a")
    for name, place in (("b", "Annotations/b.xml"), ("c", "JPEGImages/c.jpg")):
        add(name)
        (folder / place).unlink()
        os.mkfifo(folder / place)
    parts(train=["a", "b", "c"], val=["a"])
    data = read_voc(folder, "train")
    assert names(data) == ["a"]
    assert all("not a regular file" in one.reason for one in data.skipped)
    (folder / "ImageSets" / "Main" / "train.txt").unlink()
    os.mkfifo(folder / "ImageSets" / "Main" / "train.txt")
    with pytest.raises(DataError, match=r"train\.txt: not a regular file"):
        read_voc(folder, "train")


def test_names_of_old_archives_are_read(add: Write) -> None:
    for number in range(12):
        folder = add(os.fsdecode(b"caf\xe9%d" % number))
    data = read_voc(folder, "train")
    assert data.faces == len(data) > 5
    assert all(name.startswith("caf\\udce9") for name in names(data))


def test_too_many_boxes_cost_their_picture(add: Write, parts: Write) -> None:
    folder = add("a")
    box = "<object><name>face</name><bndbox><xmin>9</xmin><ymin>9</ymin><xmax>30</xmax>"
    add("b", xml(*[f"{box}<ymax>30</ymax></bndbox></object>"] * 4001))
    parts(train=["a", "b"], val=["a"])
    data = read_voc(folder, "train")
    assert names(data) == ["a"]
    assert "4001 boxes, more than 4000" in data.skipped[0].reason
