"""Going through a data set whose files may have gone bad."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dse.data.loading import load_all, load_or_none
from dse.data.picture_files import loader
from dse.data.pictures import DataSet, Picture, Skipped
from dse.errors import DataError


@pytest.fixture
def data(tmp_path: Path, write_picture: Callable[..., Path]) -> DataSet:
    paths = [write_picture(tmp_path / f"{name}.jpg") for name in "abc"]
    one = np.array([[1, 2, 30, 30]], np.float32)
    return DataSet("wider:x", tuple(Picture(path.stem, one, loader(path)) for path in paths))


def test_broken_pictures_are_passed_over_and_counted(data: DataSet, tmp_path: Path) -> None:
    (tmp_path / "b.jpg").write_bytes(b"")
    skipped: list[Skipped] = []
    seen = [(picture.name, pixels.shape) for picture, pixels in load_all(data, skipped)]
    assert seen == [("a", (40, 60, 3)), ("c", (40, 60, 3))]
    (bad,) = skipped
    assert bad.name == "b"
    assert "b.jpg: the file is empty" in bad.reason
    assert len(list(load_all(data))) == 2


def test_one_picture(data: DataSet, tmp_path: Path) -> None:
    skipped: list[Skipped] = []
    assert load_or_none(data.pictures[0], skipped) is not None
    (tmp_path / "a.jpg").unlink()
    assert load_or_none(data.pictures[0], skipped) is None
    assert [one.name for one in skipped] == ["a"]


def test_a_folder_that_vanished_is_told(data: DataSet, tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / f"{name}.jpg").unlink()
    with pytest.raises(DataError, match="wider:x: none of 3 pictures loads") as caught:
        list(load_all(data))
    assert "still there" in caught.value.hint


def test_an_empty_set_has_nothing_to_load() -> None:
    assert list(load_all(DataSet("wider:x", ()))) == []
