"""WIDER FACE: the list's lines, and what becomes of odd ones."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from dse.data.wider import read_wider
from dse.errors import DataError

LISTING = Path("wider_face_split") / "wider_face_train_bbx_gt.txt"
ZEROS = "0 0 0 0 0 0 0 0 0 0"

MakeWider = Callable[[str], Path]


@pytest.fixture
def wider(tmp_path: Path, write_picture: Callable[..., Path]) -> MakeWider:
    """Writes a list, and a 60 x 40 picture for every line that ends in `.jpg`."""

    def make(text: str) -> Path:
        (tmp_path / LISTING).parent.mkdir(exist_ok=True)
        (tmp_path / LISTING).write_text(text)
        images = tmp_path / "WIDER_train" / "images"
        images.mkdir(parents=True, exist_ok=True)
        for line in text.splitlines():
            if line.endswith(".jpg") and "lost" not in line:
                write_picture(images / line)
        return tmp_path

    return make


def test_boxes_become_corners(wider: MakeWider) -> None:
    folder = wider("0--a/one.jpg\n2\n5 6 10 12 0 0 0 0 0 0\n20 5 30 30 2 0 0 0 0 1\n")
    (picture,) = read_wider(folder, "train").pictures
    assert picture.name == "0--a/one.jpg"
    np.testing.assert_array_equal(picture.boxes, [[5, 6, 15, 18], [20, 5, 50, 35]])
    assert picture.boxes.dtype == np.float32
    assert picture.load().shape == (40, 60, 3)


def test_invalid_and_tiny_faces_are_ignored_not_lost(wider: MakeWider) -> None:
    rows = "5 6 10 12 0 0 0 1 0 0\n20 5 4 9 0 0 0 0 0 0\n20 5 5 9 0 0 0 0 0 0\n"
    data = read_wider(wider(f"a/one.jpg\n3\n{rows}"), "train")
    np.testing.assert_array_equal(data.pictures[0].boxes, [[20, 5, 25, 14]])
    np.testing.assert_array_equal(data.pictures[0].ignored, [[5, 6, 15, 18], [20, 5, 24, 14]])
    assert data.skipped == ()


@pytest.mark.parametrize("after_zero", [f"{ZEROS}\n", ""], ids=["zeros", "no zeros"])
def test_a_picture_without_faces_stays_as_background(wider: MakeWider, after_zero: str) -> None:
    folder = wider(f"a/none.jpg\n0\n{after_zero}a/one.jpg\n1\n5 6 10 12 0 0 0 0 0 0\n")
    data = read_wider(folder, "train")
    assert [len(picture.boxes) for picture in data.pictures] == [0, 1]
    assert data.pictures[0].boxes.shape == data.pictures[0].ignored.shape == (0, 4)


def test_four_columns_are_enough(wider: MakeWider) -> None:
    assert read_wider(wider("a/one.jpg\n1\n5 6 10.5 12\n"), "train").faces == 1


def test_boxes_that_cannot_be(wider: MakeWider) -> None:
    rows = "5 6 0 12 0 0 0 0 0 0\n5 6 9 -3 0 0 0 0 0 0\n70 5 9 9 0 0 0 0 0 0\n"
    data = read_wider(wider(f"a/one.jpg\n4\n{rows}50 30 20 20 0 0 0 0 0 0\n"), "train")
    np.testing.assert_array_equal(data.pictures[0].boxes, [[50, 30, 60, 40]])  # cut at the border
    assert [skipped.name for skipped in data.skipped] == [f"a/one.jpg box {n}" for n in (1, 2, 3)]
    reasons = [skipped.reason for skipped in data.skipped]
    assert "without area" in reasons[0]
    assert "without area" in reasons[1]
    assert "outside its picture of 60 x 40" in reasons[2]


def test_pictures_that_cannot_be_read(wider: MakeWider) -> None:
    face = "1\n5 6 10 12 0 0 0 0 0 0\n"
    names = ("good", "lost", "empty", "rubbish", "cut")
    folder = wider("".join(f"a/{name}.jpg\n{face}" for name in names))
    images = folder / "WIDER_train" / "images" / "a"
    (images / "empty.jpg").write_bytes(b"")
    (images / "rubbish.jpg").write_bytes(b"this is no picture" * 99)
    whole = (images / "cut.jpg").read_bytes()
    (images / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    data = read_wider(folder, "train")
    assert [picture.name for picture in data.pictures] == ["a/good.jpg"]
    reasons = {skipped.name.removeprefix("a/"): skipped.reason for skipped in data.skipped}
    assert reasons["lost.jpg"] == "there is no such file"
    assert reasons["empty.jpg"] == "the file is empty"
    assert "not a picture" in reasons["rubbish.jpg"]
    assert "truncated" in reasons["cut.jpg"]


def test_a_picture_listed_twice_counts_once(wider: MakeWider) -> None:
    entry = "a/one.jpg\n1\n5 6 10 12 0 0 0 0 0 0\n"
    data = read_wider(wider(entry + entry), "train")
    assert len(data) == 1
    assert [skipped.reason for skipped in data.skipped] == ["listed before"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a/one.jpg\n1\n5 6 ten 12 0 0 0 0 0 0\n", r"gt.txt:3: expected a face 'x y w h', found"),
        ("a/one.jpg\n1\n5 6 7\n", r"gt.txt:3: expected a face"),
        ("a/one.jpg\n1\n5 6 nan 4\n", r"gt.txt:3: expected a face"),
        ("a/one.jpg\n5 6 7 8\n", r"gt.txt:2: expected the number of faces, found '5 6 7 8'"),
        ("a/one.jpg\n-1\n", r"gt.txt:2: expected the number of faces"),
        ("a/one.jpg\n", r"gt.txt:2: expected the number of faces, the list ends"),
        ("a/one.jpg\n3\n5 6 7 8\n", r"gt.txt:4: expected 3 faces after line 2, the list ends"),
        ("a/one.jpg\n99999999999\n5 6 7 8\n", r"expected 99999999999 faces"),
        (
            f"a/one.jpg\n{'9' * 5000}\n5 6 7 8\n",
            r"gt.txt:2: expected the number of faces, found '99",
        ),
        ("a/one.jpg\n²\n5 6 7 8\n", r"gt.txt:2: expected the number of faces"),
        ("a/one.jpg\n1\n1e308 6 7 8\n", r"gt.txt:3: expected a face"),
        (f"a/one.jpg\n1\n5 {'9' * 5000} 7 8\n", r"gt.txt:3: expected a face"),
        ("a/one.jpg\n\x1b[2J\n", r"expected the number of faces, found '\\x1b\[2J'"),
    ],
)
def test_a_malformed_list_is_refused_with_its_line(
    wider: MakeWider, text: str, message: str
) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read_wider(wider(text), "train")
    assert "repair the line" in caught.value.hint
    assert len(str(caught.value)) < 400


def test_a_binary_list_is_refused(wider: MakeWider) -> None:
    folder = wider("a/one.jpg\n1\n5 6 7 8\n")
    (folder / LISTING).write_bytes(b"\xff\x00\x80")
    with pytest.raises(DataError, match="cannot be read"):
        read_wider(folder, "train")


def test_a_list_that_is_no_file_or_has_no_end_is_refused(wider: MakeWider) -> None:
    folder = wider("a/one.jpg\n1\n5 6 7 8\n")
    os.truncate(folder / LISTING, 200 << 20)
    with pytest.raises(DataError, match="larger than 16 MiB"):
        read_wider(folder, "train")
    (folder / LISTING).unlink()
    os.mkfifo(folder / LISTING)
    with pytest.raises(DataError, match="not a regular file"):
        read_wider(folder, "train")


def test_a_list_leads_nowhere_else(wider: MakeWider, write_picture: Callable[..., Path]) -> None:
    folder = wider("")
    out = write_picture(folder / "WIDER_val" / "images" / "out.jpg")
    outside = ["../../WIDER_val/images/out.jpg", str(out), "/etc/hostname", "a/../../out.jpg"]
    face = "1\n5 6 10 12\n"
    wider("a/one.jpg\n" + face)  # the picture
    (folder / LISTING).write_text("".join(f"{one}\n{face}" for one in [*outside, "a/one.jpg"]))
    data = read_wider(folder, "train")
    assert [picture.name for picture in data.pictures] == ["a/one.jpg"]
    assert [one.name for one in data.skipped] == outside
    assert all(one.reason.startswith("outside the data folder") for one in data.skipped)


def test_too_many_boxes_cost_their_picture(wider: MakeWider) -> None:
    rows = "5 6 10 12\n" * 4001
    data = read_wider(wider(f"a/one.jpg\n4001\n{rows}a/two.jpg\n1\n5 6 10 12\n"), "train")
    assert [picture.name for picture in data.pictures] == ["a/two.jpg"]
    assert data.skipped[0].reason == "4001 boxes, more than 4000 on one picture"


def test_names_of_old_archives_are_found(
    wider: MakeWider, write_picture: Callable[..., Path]
) -> None:
    folder = wider("")
    write_picture(folder / "WIDER_train" / "images" / os.fsdecode(b"caf\xe9.jpg"))
    (folder / LISTING).write_bytes(b"caf\xe9.jpg\n1\n5 6 10 12\n")
    (picture,) = read_wider(folder, "train").pictures
    assert picture.name == "caf\\udce9.jpg"
    assert picture.load().shape == (40, 60, 3)


def test_nothing_left_is_refused_with_reasons(wider: MakeWider) -> None:
    with pytest.raises(DataError, match=r"no picture can be used \(a/lost.jpg: there is no such"):
        read_wider(wider("a/lost.jpg\n1\n5 6 7 8\n"), "train")
    with pytest.raises(DataError, match="no picture can be used"):
        read_wider(wider(""), "train")
    with pytest.raises(DataError, match="none of 1 pictures has a face"):
        read_wider(wider(f"a/one.jpg\n0\n{ZEROS}\n"), "train")


def test_the_part_must_be_there(wider: MakeWider) -> None:
    folder = wider("a/one.jpg\n1\n5 6 7 8\n")
    with pytest.raises(DataError, match=r"no folder .*WIDER_val") as caught:
        read_wider(folder, "val")
    assert "WIDER_val.zip" in caught.value.hint


@pytest.mark.slow
def test_the_photographs(photographs: Path) -> None:
    lines = (photographs / "faces" / LISTING).read_text().splitlines()
    rows = [line for line in lines if len(line.split()) == 10 and line.strip() != ZEROS]
    data = read_wider(photographs / "faces", "train")
    assert data.skipped == ()
    assert len(data) == sum(line.endswith(".jpg") for line in lines)
    assert data.faces + sum(len(picture.ignored) for picture in data.pictures) == len(rows)


def test_opening_decodes_no_sound_picture(
    wider: MakeWider, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = wider("a/one.jpg\n1\n5 6 10 12\n")

    def refuse(image: Image.Image) -> None:
        raise AssertionError("decoded a picture that has its end marker")

    monkeypatch.setattr(JpegImageFile, "load", refuse)
    assert read_wider(folder, "train").skipped == ()


def test_validation_serves_twice(photographs: Path) -> None:
    validation = read_wider(photographs / "faces", "val")
    assert validation.faces > 100
    assert validation.checksum == read_wider(photographs / "faces", "eval").checksum
