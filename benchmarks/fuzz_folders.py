"""A case as it lies on the disk: files, and what is there in place of a file."""

from __future__ import annotations

import os
import random
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import NamedTuple

__all__ = ["Case", "Special", "misplaced", "write_case"]


class Special(NamedTuple):
    """What lies where a file should. kind: fifo, socket, folder, link, sparse or missing.

    to: where a link leads; of a sparse file how many MiB it has.
    """

    kind: str
    to: str = ""


Case = dict[str, bytes | Special]
"""Path below the case's folder (bytes that are no UTF-8 as lone surrogates) -> what is there."""

SPECIALS = (
    Special("fifo"), Special("socket"), Special("folder"), Special("missing"),
    Special("link", "/dev/zero"), Special("link", "/dev/tty"), Special("link", "nowhere"),
    Special("link", "."), Special("link", "/etc/passwd"), Special("sparse", "300"),
)  # fmt: skip

ODD_NAMES = (
    "a\nb", "\x1b[2Ja", "caf\udce9", "-rf", " ", "a" * 200, "a" * 251, "\u202egpj", "a;b", "a'b",
    "*", "[a]", "con.", "%00", "\udcff\udcfe", "a\tb", "\\", "..a", "~",
)  # fmt: skip
LONGEST_NAME_BYTES = 255


def misplaced(files: Mapping[str, bytes], dice: random.Random) -> Case:
    """`files` with one that is no file, or that is called otherwise."""
    case: Case = dict(files)
    path = dice.choice(list(files))
    if dice.random() < 0.6:
        case[path] = dice.choice(SPECIALS)
        return case
    pure = PurePath(path)
    name = dice.choice(ODD_NAMES)
    told = dice.random() < 0.7
    case = {}
    for other, content in files.items():
        renamed = str(pure.with_name(name + pure.suffix)) if other == path else other
        if told:  # the lists say the new name, too
            content = content.replace(pure.stem.encode(), os.fsencode(name))
        case[renamed] = content
    return case


def write_case(case: Case, folder: Path) -> None:
    """Makes `folder` anew, with `case` in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in case.items():
        path = folder / name
        if len(os.fsencode(path.name)) > LONGEST_NAME_BYTES:
            continue  # no file system has it
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            _write_special(path, content)


def _write_special(path: Path, special: Special) -> None:
    if special.kind == "fifo":
        os.mkfifo(path)
    elif special.kind == "socket":
        _socket(path)
    elif special.kind == "folder":
        path.mkdir()
    elif special.kind == "link":
        path.symlink_to(special.to)
    elif special.kind == "sparse":
        with path.open("wb") as file:
            file.truncate(int(special.to) << 20)


def _socket(path: Path) -> None:
    """A socket's path may have 107 bytes: it is bound from its folder."""
    before = os.open(".", os.O_RDONLY)
    try:
        os.chdir(path.parent)
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name[:100])
    finally:
        os.fchdir(before)
        os.close(before)
