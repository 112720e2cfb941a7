from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from dse.errors import StudyError
from dse.search import disk


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "study.toml"
    disk.write_whole(path, "old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError):
        disk.write_whole(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_says_how_much_is_needed(tmp_path: Path) -> None:
    with (
        pytest.raises(StudyError, match=r"about 3\.0 MiB are needed, .* MiB are free") as caught,
        disk.full_disk_reported(tmp_path, 3 << 20),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert "--resume" in caught.value.hint


def test_other_troubles_pass(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), disk.full_disk_reported(tmp_path, 1):
        raise PermissionError(errno.EACCES, "no")


def test_a_full_disk_is_found_behind_other_errors() -> None:
    try:
        try:
            raise OSError(errno.EDQUOT, "quota")
        except OSError as error:
            raise RuntimeError("could not save") from error
    except RuntimeError as error:
        assert disk.disk_full(error)
    assert not disk.disk_full(RuntimeError("x"))
