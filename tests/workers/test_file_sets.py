"""What travels: files on their way out, changes on their way back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dse.workers import file_sets
from dse.workers.file_sets import FileSet, FolderChanges, FolderWatcher


def test_a_file_set_comes_in_batches_and_is_known_by_its_contents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_sets, "BATCH_BYTES", 10)
    (tmp_path / "b").write_bytes(b"22222222")
    file_set = FileSet({"a": b"1", "x/b": tmp_path / "b", "c": b"333", "d": b"4"})
    first, second = file_set.batch(0), file_set.batch(3)
    assert [name for name, _ in first] == ["a", "x/b", "c"] and second == [("d", b"4")]
    assert dict(first)["x/b"] == b"22222222"
    assert file_set.key == FileSet({**file_set.files, "x/b": b"22222222"}).key
    assert file_set.key != FileSet({**file_set.files, "x/b": b"22222223"}).key


def test_changes_make_the_other_folder_the_same(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    (here / "old").write_bytes(b"old")
    changes = FolderWatcher(here)
    (here / "checkpoint.npz").write_bytes(b"1")
    first = changes.take()
    assert first.files == {"checkpoint.npz": b"1"} and first.gone == ()
    first.unpack(there)
    (here / "new").write_bytes(b"2")
    os.replace(here / "new", here / "checkpoint.npz")
    (here / "old").unlink()
    second = changes.take()
    assert second.files == {"checkpoint.npz": b"2"} and second.gone == ("old",)
    second.unpack(there)
    assert {file.name: file.read_bytes() for file in there.iterdir()} == {"checkpoint.npz": b"2"}
    assert changes.take() == FolderChanges({}) and second.files == {}


def test_the_file_that_says_finished_comes_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    monkeypatch.setattr(file_sets, "write_whole", lambda path, content: written.append(path.name))
    FolderChanges({"curve.csv": b"", "metrics.json": b"", "weights.npz": b""}).unpack(tmp_path)
    assert written == ["curve.csv", "weights.npz", "metrics.json"]
