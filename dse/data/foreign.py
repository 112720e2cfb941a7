"""What others wrote, as far as it is believed: text, numbers and paths of annotations.

Whatever is not as it should be is None or a DataError, so that no reader meets a number that
overflows, a file that never ends, or a path that leads out of its data set.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Sequence
from pathlib import Path

from dse.errors import DataError, FileError
from dse.files import printable, read_bytes

__all__ = [
    "LARGEST_NUMBER",
    "MOST_BOXES",
    "MOST_LABEL_BYTES",
    "MOST_LIST_BYTES",
    "UTF16_MARKS",
    "content",
    "excerpt",
    "inside",
    "is_there",
    "lines",
    "number",
    "numbers",
    "whole_number",
]

MOST_BOXES = 4000
"""Boxes of one picture. The fullest crowds of face sets have about 2,000; every box is compared
with every anchor, so that a hundred thousand would take minutes and gigabytes."""

MOST_LABEL_BYTES = 1 << 20
"""Of the annotation of one picture: MOST_BOXES at 260 bytes, what labelling tools' XML takes."""

MOST_LIST_BYTES = 16 << 20
"""Of a list over all pictures: three times WIDER FACE's, or a quarter of a million names. Every
line becomes a string of its own, so that reading may take twenty times the memory."""

LARGEST_NUMBER = 1e9
"""No picture is as wide, no class as high; float32 and int64 hold it with room for sums."""

UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""How the text files begin that Windows' editor saves as "Unicode"."""

MOST_DIGITS = 15
"""Of a whole number: exact as a double, and far from where Python's int() refuses (4,300)."""


def is_there(path: Path) -> bool:
    """Whether anything has this name, even a pipe, or what is closed to us: reading says why."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def content(path: Path, most_bytes: int) -> bytes:
    """The bytes of a regular file of at most `most_bytes`. Raises DataError."""
    try:
        return read_bytes(path, most_bytes)
    except FileError as error:
        raise DataError(str(error), error.hint or "repair or remove it") from error


def lines(path: Path, most_bytes: int = MOST_LABEL_BYTES) -> list[str]:
    """The lines of a text file. Raises DataError.

    UTF-8, with or without a mark, or UTF-16 with one. Other bytes, such as the Latin-1 names of
    old archives, become surrogates as in `os.fsdecode`: the file that they name is found.
    """
    whole = content(path, most_bytes)
    if whole.startswith(UTF16_MARKS):
        text = whole.decode("utf-16", "replace")
    else:
        text = whole.decode("utf-8-sig", "surrogateescape")
    if "\0" in text:
        raise DataError(f"{printable(path)}: cannot be read (it is no text)", "save it as UTF-8")
    return text.splitlines()


def numbers(fields: Sequence[str]) -> list[float] | None:
    """The fields as numbers, together of at most LARGEST_NUMBER either way; None for all else."""
    try:
        values = [float(field) for field in fields]
    except ValueError:
        return None
    # together, which one pass over them tells, of "nan" and "inf" too
    return values if sum(map(abs, values)) <= LARGEST_NUMBER else None


def number(text: str) -> float | None:
    """`text` as a number, after the same rule."""
    values = numbers([text])
    return None if values is None else values[0]


def whole_number(text: str) -> int | None:
    """`text`, at most MOST_DIGITS digits, as a whole number from 0; None for anything else."""
    is_whole = text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
    return int(text) if is_whole else None


def inside(folder: Path, name: str) -> Path:
    """The path `name`, relative to the folder, absolute or with `..`, as `folder/...`.

    Raises DataError for a path outside. Only the text is judged: a link that lies in the folder
    may lead anywhere, for whoever has the folder put it there.
    """
    if ".." not in name and not name.startswith("/"):
        return folder / name
    path = os.path.normpath(os.path.join(os.path.abspath(folder), name))
    for root in (os.path.abspath(folder), os.path.realpath(folder)):
        if os.path.commonpath((root, path)) == root:
            return folder / os.path.relpath(path, root)
    raise DataError("outside the data folder, so not read: put it, or a link to it, inside")


def excerpt(text: object, most: int = 80) -> str:
    """`text` in at most about `most` characters, both ends, safe to print on one line."""
    whole = str(text)
    if len(whole) > most:
        whole = f"{whole[: most // 2]} ... {whole[-(most // 2) :]}"
    return printable(whole)
