"""Annotation lists in the manner of WIDER FACE and FDDB: name, number of faces, a line each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dse.data import foreign
from dse.errors import DataError
from dse.files import printable

__all__ = ["Entry", "read_listing"]


@dataclass(frozen=True)
class Entry:
    """One picture of a list: its name, and the numbers of each face's line."""

    name: str
    rows: list[list[float]]


def read_listing(path: Path, row: str) -> Iterator[Entry]:
    """The entries of a list, in order.

    row: the columns that every face's line must have, such as "x y w h"; more may follow.
    A line of zeros after a count of 0 is passed over. After a malformed line nothing can be
    trusted, so that raises DataError with file, line, and what was expected.
    """
    lines = foreign.lines(path, foreign.MOST_LIST_BYTES)
    position = 0
    while position < len(lines):
        name = lines[position].strip()
        position += 1
        if not name:
            continue
        faces = _count(path, lines, position)
        position += 1
        rows = [_row(path, lines, position + index, row) for index in range(faces)]
        position += faces
        if not faces and position < len(lines) and _is_zeros(lines[position]):
            position += 1
        yield Entry(name, rows)


def _count(path: Path, lines: list[str], index: int) -> int:
    text = lines[index].strip() if index < len(lines) else ""
    count = foreign.whole_number(text)
    if count is None:
        raise _malformed(path, lines, index, "the number of faces")
    if count > len(lines) - index - 1:
        raise _malformed(path, lines, len(lines), f"{count} faces after line {index + 1}")
    return count


def _row(path: Path, lines: list[str], index: int, columns: str) -> list[float]:
    row = foreign.numbers(lines[index].split())
    if row is None or len(row) <= columns.count(" "):
        raise _malformed(path, lines, index, f"a face '{columns}'")
    return row


def _is_zeros(line: str) -> bool:
    fields = line.split()
    return len(fields) >= 4 and all(field == "0" for field in fields)


def _malformed(path: Path, lines: list[str], index: int, expected: str) -> DataError:
    text = lines[index].strip() if index < len(lines) else None
    found = "the list ends" if text is None else f"found '{foreign.excerpt(text)}'"
    hint = "repair the line, or unpack the annotation again"
    return DataError(f"{printable(path)}:{index + 1}: expected {expected}, {found}", hint)
