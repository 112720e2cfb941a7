"""What tells a folder that is a bundle from one that is not, before anything is computed."""

from __future__ import annotations

import os
from pathlib import Path

from dse.errors import FileError, UsageError

__all__ = ["MANIFEST", "is_bundle", "require_place"]

MANIFEST = "manifest.json"
"""In every bundle, of whatever chip: what it is."""


def is_bundle(folder: Path) -> bool:
    """Somebody's `export` wrote it, or began to."""
    return (folder / MANIFEST).is_file()


def require_place(folder: Path) -> None:
    """Raises what writing a bundle to `folder` would raise once it is made, minutes later.

    A bundle may be replaced, an empty folder filled: UsageError for a folder with other things in
    it, FileError for a place that takes no folder.
    """
    if folder.is_dir():
        if not is_bundle(folder) and any(folder.iterdir()):
            raise UsageError(f"{folder} exists and is no bundle", "name another folder")
    elif os.path.lexists(folder):
        raise UsageError(f"{folder} exists and is no folder", "name another folder")
    above = next(path for path in folder.resolve().parents if path.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise FileError(f"{folder} cannot be written", f"{above} takes no folder: name another")
