"""What lies below a folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dse.data import tree as module
from dse.data.tree import Tree, scan
from dse.errors import DataError


def grown(folder: Path, *names: str) -> Tree:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return scan(folder)


def test_files_come_folder_by_folder_and_hidden_ones_not(tmp_path: Path) -> None:
    hidden = ".git/x", "b/._2.jpg", "__MACOSX/1.jpg"
    tree = grown(tmp_path, "b/2.txt", "a-x/1.JPG", "a/1.jpg", *hidden)
    assert tree.files == ("a/1.jpg", "a-x/1.JPG", "b/2.txt")
    assert tree.pictures == ("a/1.jpg", "a-x/1.JPG")
    assert tree.folders == ("a", "a-x", "b")


def test_names_are_found_in_any_case_but_the_exact_one_first(tmp_path: Path) -> None:
    tree = grown(tmp_path, "A/x.TXT", "A/y.txt", "A/Y.txt")
    assert tree.find("a/X.txt") == "A/x.TXT"
    assert tree.find("A/Y.txt") == "A/Y.txt"
    assert tree.find("A/z.txt") is None


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("/home/bob/set/images/a.jpg", "images/a.jpg"),
        ("C:\\set\\images\\a.jpg", "images/a.jpg"),
        ("./images/../images/a.jpg", "images/a.jpg"),
        ("../images", "images"),
        ("../other/b.jpg", None),
        ("x/" * 5000 + "a.jpg", None),
        ("", None),
    ],
)
def test_lists_of_another_machine(tmp_path: Path, name: str, found: str | None) -> None:
    assert grown(tmp_path, "images/a.jpg").locate(name) == found


def test_a_link_to_a_folder_above_ends(tmp_path: Path) -> None:
    grown(tmp_path, "a/1.jpg")
    (tmp_path / "a" / "again").symlink_to(tmp_path)
    (tmp_path / "elsewhere").symlink_to(tmp_path / "a")
    assert len(scan(tmp_path).pictures) == 1


def test_pipes_are_listed_and_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    assert scan(tmp_path).pictures == ("a.jpg",)


def test_a_whole_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grown(tmp_path, *(f"{number}/a.jpg" for number in range(9)))
    monkeypatch.setattr(module, "MOST_ENTRIES", 10)
    with pytest.raises(DataError, match="more than 10 files"):
        scan(tmp_path)
