"""Studies go whole, and none goes that is being written."""

from __future__ import annotations

from pathlib import Path

import pytest

from dse.errors import StudyLocked
from dse.study.folder import StudyFolder
from dse.study.removing import remove_studies


def _made(results: Path, name: str) -> StudyFolder:
    folder = StudyFolder.create(results, name, "k210")
    (folder.path / "study.toml").touch()
    (folder.training("A98-a0.5-224")).mkdir(parents=True)
    (folder.training("A98-a0.5-224") / "weights.npz").touch()
    return folder


def test_nothing_is_left(tmp_path: Path) -> None:
    folders = [_made(tmp_path, name) for name in ("one", "two")]
    _made(tmp_path, "three")
    remove_studies(folders)
    assert [path.name for path in tmp_path.iterdir()] == ["three"]


def test_one_that_is_written_keeps_all(tmp_path: Path) -> None:
    one, two = _made(tmp_path, "one"), _made(tmp_path, "two")
    with two.lock(), pytest.raises(StudyLocked, match="'two' is being written by this process"):
        remove_studies([one, two])
    assert one.has_weights and two.has_weights
    assert not (one.path / "lock").exists()
