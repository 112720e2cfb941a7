"""Files as they travel: what a job reads on the driver's disk, and what a training leaves.

Nothing here knows how they travel; `ray_files` does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from dse.files import write_whole

__all__ = ["FileSet", "FolderChanges", "FolderWatcher", "ShippableJob"]

BATCH_BYTES = 32 << 20
"""Of a set of files, sent in one piece: many small files, or one large one."""

FINISHED = "metrics.json"
"""The file that says of a training's folder that all others are there."""


@dataclass(frozen=True)
class FileSet:
    """Files by their name below a folder: where each lies, or its content."""

    files: Mapping[str, Path | bytes]

    @cached_property
    def key(self) -> str:
        """A checksum of names and contents: equal sets are unpacked once."""
        digest = hashlib.sha256()
        for name, source in self.files.items():
            content = _content(source)
            digest.update(f"{name} {len(content)} ".encode() + content)
        return digest.hexdigest()[:20]

    def batch(self, start: int) -> list[tuple[str, bytes]]:
        """Names and contents from file number `start` on, about 32 MiB of them."""
        files: list[tuple[str, bytes]] = []
        size = 0
        for name, source in islice(self.files.items(), start, None):
            files.append((name, _content(source)))
            size += len(files[-1][1])
            if size >= BATCH_BYTES:
                break
        return files


class ShippableJob(Protocol):
    """A job whose trainings can run on a machine that does not see the driver's disk."""

    def file_sets(self) -> dict[str, FileSet]:
        """What it reads on the driver's disk."""

    def relocated(self, cache: Path, places: Mapping[str, Path]) -> Any:
        """The same job where its files were unpacked in `places`, with features in `cache`."""


@dataclass
class FolderChanges:
    """What changed in a training's folder: new contents by file name, and names that are gone."""

    files: dict[str, bytes]
    gone: tuple[str, ...] = ()

    def unpack(self, folder: Path) -> None:
        """Makes `folder` follow, whole files only, and lets go of the contents.

        The file that says "finished" comes last, so that a kill leaves nothing that claims
        to be more than it is. Raises FileError.
        """
        for name in sorted(self.files, key=lambda name: name == FINISHED):
            write_whole(folder / name, self.files[name])
        for name in self.gone:
            (folder / name).unlink(missing_ok=True)
        self.files = {}


class FolderWatcher:
    """Watches a flat folder: `take` tells what changed since it was made, or since last time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen = self._stamps()

    def take(self) -> FolderChanges:
        """New and changed files, and those that are gone. Nobody writes meanwhile."""
        now, before = self._stamps(), self._seen
        self._seen = now
        changed = [name for name in now if now[name] != before.get(name)]
        contents = {name: (self._folder / name).read_bytes() for name in changed}
        return FolderChanges(contents, tuple(name for name in before if name not in now))

    def _stamps(self) -> dict[str, tuple[int, int, int]]:
        """Inode, size and time: files are replaced, never written into."""
        found = ((file.name, file.stat()) for file in self._folder.iterdir() if file.is_file())
        return {name: (stat.st_ino, stat.st_size, stat.st_mtime_ns) for name, stat in found}


def _content(source: Path | bytes) -> bytes:
    return source if isinstance(source, bytes) else source.read_bytes()
