"""Targets read from TOML, from a profile or out of a study.

A profile `extends` another file and replaces some of its keys, so a new board is data and no
code. The chip that it names says which keys there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dse import resources
from dse.chips.registry import DEFAULT_CHIP, chip
from dse.chips.target import Firmware, Target
from dse.errors import InvalidFile, UnknownName, UsageError
from dse.files import open_regular, write_whole
from dse.schema import line_of, quoted, read_toml, shown

__all__ = ["WRITTEN", "known_firmwares", "load_target", "target_of_table", "write_profile"]

WRITTEN = "# Written by dse calibrate"
"""How a file begins that may be overwritten."""

MOST_EXTENDED = 16
"""Files that extend one another."""


def load_target(name: str) -> Target:
    """A target by name (a file in `constraints/`) or by the path of a TOML file.

    Raises UnknownName, or InvalidFile with the line and the reason.
    """
    path = resources.find("constraints", name, "target")
    kind, table = _merged(path, ())
    return kind(**{**table, "name": path.stem})


def known_firmwares() -> tuple[Firmware, ...]:
    """What the shipped profiles say of the firmwares that they are of, in the order of names."""
    told = (load_target(name).firmware for name in resources.names("constraints"))
    return tuple(one for one in told if one is not None)


def target_of_table(table: Mapping[str, Any]) -> Target:
    """The target whose fields `table` holds, as a study keeps them.

    Raises ValueError, in words, for a field that is missing, unknown or of another type.
    """
    kind = _kind(table.get("chip", DEFAULT_CHIP))
    return kind.of({"chip": DEFAULT_CHIP, **kind.TOLD_LATER, **kind.up_to_date(table)})


def write_profile(path: Path, text: str, force: bool = False) -> None:
    """Writes `text` to `path`, a .toml file.

    Raises UsageError, before it changes anything, where a target could not be read from there,
    or where somebody else wrote the file there, unless `force`; FileError where the system refuses.
    """
    if path.suffix != ".toml":
        raise UsageError(f"'{path}' is no .toml file", "targets are found by that ending")
    if path.exists() and not force and not _ours(path):
        hint = "pass another --out, or --force to overwrite it"
        raise UsageError(f"'{path}' was not written by dse calibrate", hint)
    write_whole(path, text)


def _ours(path: Path) -> bool:
    with open_regular(path) as file:
        return file.read(len(WRITTEN)) == WRITTEN.encode()


def _kind(name: Any) -> type[Target]:
    """The kind of target that a chip has. Raises ValueError for what is no chip's name."""
    if not isinstance(name, str):
        raise ValueError(f"'chip' must be the name of a chip, not {quoted(name)}")
    try:
        return chip(name).target_type
    except UnknownName as error:
        raise ValueError(str(error)) from None


def _merged(path: Path, seen: tuple[Path, ...]) -> tuple[type[Target], dict[str, Any]]:
    """The kind of target, and the checked keys of `path` over those of what it extends."""
    if path in seen or len(seen) > MOST_EXTENDED:
        raise InvalidFile(path, "it extends itself")
    text, table = read_toml(path)
    base = table.pop("extends", None)
    if base is not None:
        if not isinstance(base, str):
            line = line_of(text, "extends")
            raise InvalidFile(path, "'extends' must be the name of a target", line)
        parent = resources.find("constraints", base, "target")
        kind, values = _merged(parent, (*seen, path))
        if table.get("chip", values["chip"]) != values["chip"]:
            raise InvalidFile(path, "it extends another chip's", line_of(text, "chip"))
        return kind, {**values, **_checked(path, text, table, kind)}
    kind = _named(path, text, table)
    values = {"chip": DEFAULT_CHIP, **_checked(path, text, table, kind)}
    try:
        kind.check_complete({**values, "name": path.stem})
    except ValueError as error:
        hint = f"a profile may extend another, such as {DEFAULT_CHIP}"
        raise InvalidFile(path, str(error), hint=hint) from None
    return kind, values


def _named(path: Path, text: str, table: Mapping[str, Any]) -> type[Target]:
    """The kind of target of the chip that a file names. Raises InvalidFile."""
    try:
        return _kind(table.get("chip", DEFAULT_CHIP))
    except ValueError as error:
        raise InvalidFile(path, str(error), line_of(text, "chip")) from None


def _checked(path: Path, text: str, table: Mapping[str, Any], kind: type[Target]) -> dict[str, Any]:
    """The keys of the file `path`, which gives the name. Raises InvalidFile."""
    values = {}
    for key, value in table.items():
        if key == "name" or key not in kind.field_names():
            known = ", ".join(one for one in kind.field_names() if one != "name")
            why, today = f"unknown key '{shown(key)}'", kind.renamed(key)
            hint = f"write {today}, in its place" if today else f"keys: {known}"
            raise InvalidFile(path, why, line_of(text, key), hint)
        try:
            values[key] = kind.checked(key, value)
        except ValueError as error:
            raise InvalidFile(path, str(error), line_of(text, key)) from None
    return values
