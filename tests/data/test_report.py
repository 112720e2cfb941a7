"""What dse data says of a set."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from dse.data.report import describe_data
from dse.errors import DataError
from dse.plain import plain

Write = Callable[..., Path]
ONE, OTHER = "0 0.5 0.5 0.5 0.5\n", "1 0.3 0.3 0.4 0.4\n"


@pytest.fixture
def folder(tmp_path: Path, write_picture: Write) -> Path:
    """Twelve training pictures, three to test on, of which one is a copy; a bad line and a bad
    picture."""
    texts = [ONE * 2] * 10 + ["", "0 9 9 9 9\n"]
    for number, text in enumerate(texts):
        write_picture(tmp_path / f"images/train/{number}.jpg", (90, 80))
        (tmp_path / "labels/train").mkdir(parents=True, exist_ok=True)
        (tmp_path / f"labels/train/{number}.txt").write_text(text)
    (tmp_path / "labels/val").mkdir()
    for name in "xyz":
        write_picture(tmp_path / f"images/val/{name}.jpg", (90, 80))
        (tmp_path / f"labels/val/{name}.txt").write_text(ONE + OTHER)
    copied = (tmp_path / "images/train/3.jpg").read_bytes()
    (tmp_path / "images/val/y.jpg").write_bytes(copied)
    (tmp_path / "images/val/z.jpg").write_text("nothing")
    (tmp_path / "data.yaml").write_text("names: [one, other, third]\n")
    return tmp_path


def test_what_was_understood(folder: Path) -> None:
    report = describe_data(str(folder))
    assert report.source == f"yolo:{folder}"
    train, val = report.parts["train"], report.parts["val"]
    assert (train.pictures, train.background, train.boxes) == (11, 1, 20)
    assert train.left_out == {"a box is given in pixels, not as fractions": 1}
    assert sum(val.left_out.values()) == 1
    assert [(one.name, dict(one.boxes)) for one in report.classes] == [
        ("one", {"train": 20, "val": 2, "eval": 2}),
        ("other", {"train": 0, "val": 2, "eval": 2}),
    ]
    assert report.classes[0].side_pixels == pytest.approx((42.43, 42.43, 42.43), abs=0.01)
    assert any("without any box, left out: third" in note for note in train.notes)
    assert "no box to train on: other" in train.notes
    assert any("'val' stands in" in note for note in report.parts["eval"].notes)
    (repeated,) = report.repeated
    assert (repeated.first, repeated.pictures) == ("train", 1)
    assert repeated.examples == [("images/train/3.jpg", "images/val/y.jpg")]
    json.dumps(plain(report.as_dict()))


def test_what_will_hurt(folder: Path) -> None:
    told = describe_data(str(folder)).warnings
    assert "other: no box to train on" in told
    assert any("few boxes to train on, under 30: one 20" in one for one in told)
    assert any(one.startswith("1 pictures of val are near-duplicates") for one in told)


def test_splits_that_cannot_be_had_are_told(folder: Path, tmp_path: Path) -> None:
    report = describe_data(f"{folder}?classes=other")
    assert set(report.parts) == {"val", "eval"}
    assert "no box of other" in report.missing["train"]
    with pytest.raises(DataError, match="there is no folder"):
        describe_data(str(tmp_path / "none"))


def test_drawn_sets_have_no_files() -> None:
    report = describe_data("synthetic-digits:20")
    assert len(report.classes) == 10 and not report.repeated
