"""What lies below a folder, read once: every file by its path, whatever the case of its letters."""

from __future__ import annotations

import os
import posixpath
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from dse.data.foreign import excerpt
from dse.data.picture_files import SUFFIXES
from dse.errors import DataError

__all__ = ["Tree", "parts_of", "scan", "stem_of", "suffix_of"]

MOST_ENTRIES = 2_000_000
"""Of a data folder: thrice what Open Images has with labels. Whoever names a whole disk by
mistake is told after seconds."""

DEEPEST = 100
"""Folders in one another. No data set comes near."""

LONGEST_TAIL = 20
"""Parts of a path of another machine that are looked for here."""


@dataclass(frozen=True)
class Tree:
    """files, folders: paths below `folder`, in order; hidden ones are left out."""

    folder: Path
    files: tuple[str, ...]
    folders: tuple[str, ...]

    @cached_property
    def pictures(self) -> tuple[str, ...]:
        """The files that their ending says are pictures."""
        return tuple(path for path in self.files if suffix_of(path) in SUFFIXES)

    def ending(self, *suffixes: str) -> list[str]:
        """The files with one of these endings, given in lower case."""
        return [path for path in self.files if suffix_of(path) in suffixes]

    def find(self, path: str) -> str | None:
        """What is there of that name; of several that differ in case, the exact one."""
        return path if path in self._exact else self._any_case.get(path.casefold())

    def locate(self, name: str) -> str | None:
        """What a list from another machine means: `name` itself, or the longest end of it that
        is here; back slashes are taken for slashes."""
        for text in dict.fromkeys((name, name.replace("\\", "/"))):
            parts = posixpath.normpath(text).lstrip("/").split("/") if text else []
            parts = [part for part in parts[-LONGEST_TAIL:] if part != ".."]
            for first in range(len(parts)):
                found = self.find("/".join(parts[first:]))
                if found is not None:
                    return found
        return None

    def below(self, folder: str) -> tuple[str, ...]:
        """The pictures in a folder of the tree, at any depth."""
        return tuple(path for path in self.pictures if path.startswith(f"{folder}/"))

    @cached_property
    def by_name(self) -> dict[str, list[str]]:
        """Pictures by file name, and by file name without its ending, in lower case."""
        found: dict[str, list[str]] = {}
        for path in self.pictures:
            for name in {path.rpartition("/")[2].casefold(), stem_of(path).casefold()}:
                found.setdefault(name, []).append(path)
        return found

    @cached_property
    def _exact(self) -> frozenset[str]:
        return frozenset((*self.files, *self.folders))

    @cached_property
    def _any_case(self) -> dict[str, str]:
        return {path.casefold(): path for path in reversed((*self.files, *self.folders))}


def scan(folder: Path) -> Tree:
    """Reads the names below a folder; a folder that links lead to twice is read once.

    Raises DataError for what is too deep or too much, OSError for a folder closed to us.
    """
    files: list[str] = []
    folders: list[str] = []
    seen: set[tuple[int, int]] = set()
    waiting = [""]
    while waiting:
        below = waiting.pop()
        place = os.path.join(folder, below) if below else os.fspath(folder)
        status = os.stat(place)
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        _require_sensible(folder, below, len(files) + len(folders))
        with os.scandir(place) as entries:
            for entry in entries:
                if entry.name.startswith((".", "__MACOSX")):
                    continue
                path = f"{below}/{entry.name}" if below else entry.name
                if entry.is_dir():
                    folders.append(path)
                    waiting.append(path)
                else:
                    files.append(path)
    return Tree(folder, tuple(sorted(files, key=parts_of)), tuple(sorted(folders, key=parts_of)))


def parts_of(path: str) -> list[str]:
    """The names of which a path consists; paths in the order of these keep a folder together."""
    return path.split("/")


def suffix_of(path: str) -> str:
    """Ending of a file name with its point, in lower case; "" without one."""
    return posixpath.splitext(path)[1].lower()


def stem_of(path: str) -> str:
    """File name without its ending."""
    return posixpath.splitext(path.rpartition("/")[2])[0]


def _require_sensible(folder: Path, below: str, entries: int) -> None:
    where, hint = excerpt(folder), "no data set is like that: is it the right folder?"
    if below.count("/") >= DEEPEST:
        raise DataError(f"{where}: folders more than {DEEPEST} deep in one another", hint)
    if entries > MOST_ENTRIES:
        raise DataError(f"{where}: more than {MOST_ENTRIES:,} files", hint)
