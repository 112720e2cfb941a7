"""What studies keep to save time: features of frozen layers, drawn scenes. All is made again.

A search holds the cache while it runs (`cache_in_use`); `empty` then leaves it alone, as a
training reads features that it found there before. Only folders that are named as a search names
them are touched: $DSE_CACHE may name a folder that holds other things.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from dse.errors import FileError, StudyError
from dse.file_lock import in_use, unused
from dse.files import make_folder, remove_folder

__all__ = ["CachePart", "cache_in_use", "cached", "empty", "folder_bytes"]

LOCK = "lock"

PARTS = {
    "features": r"[0-9a-f]{20}|\.dse-.*",
    "scenes": r"[0-9a-f]+-[0-9a-f]{8}|\.dse-.*",
}
"""Folders of the cache, and what is named in each by us; a removal that was killed left a name
with a dot."""


@dataclass(frozen=True)
class CachePart:
    """name: "features" or "scenes". folders: what lies there. size_bytes: of all of them."""

    name: str
    folders: tuple[Path, ...]
    size_bytes: int


@contextmanager
def cache_in_use(cache: Path) -> Iterator[None]:
    """Keeps `cache` from being emptied. One that cannot be written holds nothing to keep."""
    with suppress(FileError):
        make_folder(cache)
    if not os.access(cache, os.W_OK):
        yield
        return
    with in_use(cache / LOCK):
        yield


def cached(cache: Path) -> list[CachePart]:
    """What lies in `cache`."""
    found = []
    for name, ours in PARTS.items():
        kept = [path for path in (cache / name).glob("*") if re.fullmatch(ours, path.name)]
        folders = tuple(sorted(path for path in kept if path.is_dir() and not path.is_symlink()))
        found.append(CachePart(name, folders, sum(map(folder_bytes, folders))))
    return found


def empty(cache: Path) -> list[CachePart]:
    """Removes what lies in `cache`, and tells what it was.

    Raises StudyError while a search uses it, and FileError.
    """
    if not cache.exists():
        return cached(cache)
    with unused(cache / LOCK) as free:
        if not free:
            raise StudyError(
                f"a search that runs now uses {cache}", "wait until it is done: nothing was removed"
            )
        parts = cached(cache)
        for folder in (folder for part in parts for folder in part.folders):
            remove_folder(folder)
    return parts


def folder_bytes(folder: Path) -> int:
    """What the files under `folder` take; links count nothing."""
    sizes = []
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # gone since
                sizes.append(os.lstat(os.path.join(place, name)).st_size)
    return sum(sizes)
