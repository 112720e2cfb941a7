"""Pictures that nobody has labelled: files and folders, hostile ones among them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dse.data.unlabelled import picture_files, unlabelled
from dse.errors import DataError


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((8, 12, 3), 90, np.uint8)).save(path)
    return path


def test_a_folder_is_its_pictures_and_those_of_its_folders(tmp_path: Path) -> None:
    last, first = picture(tmp_path / "b.PNG"), picture(tmp_path / "a" / "z.jpg")
    (tmp_path / "notes.txt").write_text("no picture")
    assert picture_files(tmp_path) == [first, last]


def test_a_file_is_itself_whatever_its_name(tmp_path: Path) -> None:
    file = picture(tmp_path / "one.png").rename(tmp_path / "one")
    assert picture_files(file) == [file]


def test_what_is_not_there_or_holds_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no .*gone"):
        picture_files(tmp_path / "gone")
    with pytest.raises(DataError, match="no pictures"):
        picture_files(tmp_path)


def test_a_folder_that_links_to_itself_ends(tmp_path: Path) -> None:
    file = picture(tmp_path / "a.png")
    (tmp_path / "again").symlink_to(tmp_path)
    assert picture_files(tmp_path) == [file]


def test_a_picture_named_twice_is_seen_once(tmp_path: Path) -> None:
    file = picture(tmp_path / "a.png")
    data = unlabelled([tmp_path, file], ("cat", "dog"))
    assert [one.file for one in data.pictures] == [file]
    assert data.classes == ("cat", "dog") and data.faces == 0
    assert data.pictures[0].load().shape == (8, 12, 3)
