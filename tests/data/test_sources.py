"""Specifications of data, and what is said of wrong ones."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dse.data import open_data
from dse.errors import DataError, DseError, UnknownName, UsageError

Write = Callable[..., Path]


@pytest.fixture
def wider(tmp_path: Path, write_picture: Write) -> Path:
    """A WIDER FACE folder with ten pictures for training."""
    folder = tmp_path / "faces"
    (folder / "wider_face_split").mkdir(parents=True)
    rows = [f"a/{number}.jpg\n1\n5 5 20 20 0 0 0 0 0 0\n" for number in range(10)]
    (folder / "wider_face_split" / "wider_face_train_bbx_gt.txt").write_text("".join(rows))
    for number in range(10):
        write_picture(folder / "WIDER_train" / "images" / "a" / f"{number}.jpg")
    return folder


def test_opens_by_specification(wider: Path) -> None:
    data = open_data(f"wider:{wider}", "train")
    assert data.source == f"wider:{wider}"
    assert len(data) == data.faces == 10


def test_the_home_folder(wider: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(wider.parent))
    assert len(open_data("wider:~/faces", "train")) == 10


def test_a_limit_is_spread_over_the_set(wider: Path) -> None:
    data = open_data(f"wider:{wider}", "train", limit=4)
    assert [picture.name for picture in data.pictures] == [f"a/{n}.jpg" for n in (0, 2, 5, 7)]
    assert len(open_data(f"wider:{wider}", "train", limit=99)) == 10
    for none in (0, -1):
        with pytest.raises(UsageError, match="leaves none"):
            open_data(f"wider:{wider}", "train", limit=none)


def test_synthetic_counts() -> None:
    assert len(open_data("synthetic:25", "train")) == 25
    assert len(open_data("synthetic:25", "val")) == len(open_data("synthetic:25", "eval")) == 5
    assert len(open_data("synthetic:2", "eval")) == 1


@pytest.mark.parametrize(
    "spec",
    [
        "synthetic:",
        "synthetic:0",
        "synthetic:-5",
        "synthetic:many",
        "synthetic:1000000000000",
        f"synthetic:{'9' * 5000}",
    ],
    ids=lambda spec: spec[:24],
)
def test_synthetic_needs_a_count(spec: str) -> None:
    with pytest.raises(UsageError, match="needs a count of 1 to 50000") as caught:
        open_data(spec, "train")
    assert "synthetic:2000" in caught.value.hint


def test_unknown_kinds_and_splits(wider: Path) -> None:
    with pytest.raises(UnknownName, match=r"unknown kind of data 'widr'. Did you mean 'wider"):
        open_data(f"widr:{wider}", "train")
    with pytest.raises(UnknownName, match="unknown split 'test'"):
        open_data(f"wider:{wider}", "test")  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["wider", "fddb", "yolo", "voc", "coco"])
def test_a_folder_must_be_named_be_there_and_hold_something(kind: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"'{kind}' needs a folder") as no_name:
        open_data(kind, "eval")
    assert f"{kind}:DIR" in no_name.value.hint
    with pytest.raises(DataError, match="there is no folder") as missing:
        open_data(f"{kind}:{tmp_path / 'none'}", "eval")
    with pytest.raises(DataError, match="is empty") as empty:
        open_data(f"{kind}:{tmp_path}", "eval")
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(DataError, match="is a file, not a folder"):
        open_data(f"{kind}:{tmp_path / 'notes.txt'}", "eval")
    with pytest.raises(DataError, match=f"does not have the {kind} layout") as strange:
        open_data(f"{kind}:{tmp_path}", "eval")
    for caught in (missing, empty, strange):
        assert f"'{kind}:DIR' expects in DIR:" in caught.value.hint


@pytest.mark.parametrize("wrong", ["..", "WIDER_train", "wider_face_split"])
def test_a_folder_near_by_is_suggested(wider: Path, wrong: str) -> None:
    with pytest.raises(DataError, match="does not have the wider layout") as caught:
        open_data(f"wider:{wider / wrong}", "train")
    assert "did you mean 'wider:" in caught.value.hint
    assert "/faces'" in caught.value.hint


def test_a_folder_that_must_not_be_read(wider: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: Path) -> None:
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(DataError, match=r"cannot be opened: .*Permission denied") as caught:
        open_data(f"fddb:{wider}", "eval")
    assert "permissions" in caught.value.hint


def test_another_kind_is_suggested(wider: Path) -> None:
    with pytest.raises(DataError) as caught:
        open_data(f"fddb:{wider}", "eval")
    assert f"did you mean 'wider:{wider}'?" in caught.value.hint


@pytest.mark.parametrize(
    "spec", [f"yolo:{'x' * 300}", f"voc:{'a/' * 3000}", "wider:~nobody-at-all/x", "fddb:a\0b"]
)
def test_a_folder_that_cannot_be(spec: str) -> None:
    with pytest.raises(DseError) as caught:
        open_data(spec, "train")
    assert caught.value.exit_code == 1
    assert caught.value.hint


@pytest.fixture
def deep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of labels deeper than Python's own removing goes, gone afterwards."""
    (tmp_path / "labels").mkdir()
    try:
        with monkeypatch.context() as place:
            place.chdir(tmp_path / "labels")
            for _ in range(sys.getrecursionlimit()):
                os.mkdir("d")
                os.chdir("d")
        yield tmp_path
    finally:
        subprocess.run(["rm", "-r", tmp_path / "labels"], check=True)


def test_folders_deep_in_one_another(deep: Path) -> None:
    with pytest.raises(DataError, match="folders more than 100 deep"):
        open_data(f"yolo:{deep}", "train")
