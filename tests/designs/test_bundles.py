"""A place for a bundle is refused before the bundle is made."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dse.designs.bundles import is_bundle, require_place
from dse.errors import FileError, UsageError


def test_free_places_are_taken(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "older").mkdir()
    (tmp_path / "older" / "manifest.json").touch()
    for name in ("empty", "older", "new", "new/in/new"):
        require_place(tmp_path / name)
    assert is_bundle(tmp_path / "older") and not is_bundle(tmp_path / "empty")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "older"]


def test_what_would_be_lost_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="exists and is no bundle"):
        require_place(tmp_path)
    with pytest.raises(UsageError, match="file exists and is no folder"):
        require_place(tmp_path / "file")
    with pytest.raises(FileError, match="cannot be written"):
        require_place(tmp_path / "file" / "bundle")
    (tmp_path / "lost").symlink_to("nowhere")
    with pytest.raises(UsageError, match="no folder"):
        require_place(tmp_path / "lost")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_takes_none_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(FileError, match="cannot be written"):
        require_place(tmp_path / "bundle")
