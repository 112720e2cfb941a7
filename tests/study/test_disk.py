from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from dse.errors import FileError, StudyError
from dse.files import write_whole
from dse.study import disk


def test_a_full_disk_says_how_much_is_needed(tmp_path: Path) -> None:
    with (
        pytest.raises(StudyError, match=r"about 3\.0 MiB are needed, .* MiB are free") as caught,
        disk.full_disk_reported(tmp_path, 3 << 20),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert "--resume" in caught.value.hint


def test_a_full_disk_that_a_writer_told_of_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with (
        pytest.raises(StudyError, match=r"the disk of .* is full"),
        disk.full_disk_reported(tmp_path, 1),
    ):
        write_whole(tmp_path / "study.toml", "new")


def test_other_troubles_pass(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), disk.full_disk_reported(tmp_path, 1):
        raise PermissionError(errno.EACCES, "no")
    with pytest.raises(FileError), disk.full_disk_reported(tmp_path, 1):
        write_whole(tmp_path / "no" / "study.toml", "new")
