"""Where the data files lie: beside the package in a clone, inside it in a wheel."""

from __future__ import annotations

import os
from pathlib import Path

from dse.errors import UnknownName
from dse.schema import shown

__all__ = ["find", "folder", "names"]

_PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """The data folder `name`, such as "constraints" or "results/paper"."""
    inside = _PACKAGE / "_resources" / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def names(folder_name: str) -> list[str]:
    """Names of the TOML files in a data folder, without their ending."""
    return sorted(path.stem for path in folder(folder_name).glob("*.toml"))


def find(folder_name: str, name: str, kind: str) -> Path:
    """The TOML file that `name` means: one of the data folder, or a path of the user's own.

    Raises UnknownName (`kind` is the word for the message) when it is neither.
    """
    shipped, own = folder(folder_name) / f"{name}.toml", Path(name)
    if os.path.isfile(shipped):  # (unlike Path's, it takes names that no file can have)
        return shipped
    if own.suffix == ".toml" and os.path.exists(own):
        return own
    raise UnknownName(kind, shown(name), names(folder_name))
