"""A target: a chip on its board under its firmware, with what they allow and how long they take.

A chip adds its own fields in a subclass; `profiles` reads the files of `constraints/`.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

from dse.schema import LARGEST, quoted, shown

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Cycles", "Firmware", "Target"]

Cycles = tuple[float, float, float]
"""Cycles at the least, most likely, and at the most."""

MOST_SIGNS, MOST_NUMBERS = 1000, 16
"""Of a text, and of a list of whole numbers."""

_WORDS: dict[Any, str] = {
    bool: "true or false",
    str: "a line of text",
    int: "a whole number, zero or more",
    float: "a number, zero or more",
    tuple[int, ...]: "whole numbers",
    Cycles: "[lowest, likely, highest], rising numbers",
}


@dataclass(frozen=True)
class Firmware:
    """What a person needs to find the profile of the board at hand.

    target: name of the profile. title: of it. loads: files that it loads. recognised_by: how
    to tell that it is on a board.
    """

    target: str
    title: str
    loads: str
    recognised_by: str


@dataclass(frozen=True)
class Target:
    """What all targets say. Fields are the keys of `constraints/*.toml`, units in names.

    name: the profile's. title: for people. chip: the name of what knows the chip, see
    `dse.chips.registry`.
    """

    name: str
    title: str
    chip: str

    @property
    def toolchain(self) -> str:
        """Name and version of the compiler of its files; what another makes may differ."""
        return ""

    @property
    def file_format(self) -> str:
        """Which kind of file is made for it, of several; what was measured on another differs."""
        return ""

    @property
    def firmware(self) -> Firmware | None:
        """What it says of the firmware that it is of; None where it is of none in particular."""
        return None

    TOLD_LATER: ClassVar[Mapping[str, Any]] = {}
    """Keys that older studies lack, and what was so when they were made."""

    @classmethod
    def up_to_date(cls, table: Mapping[str, Any]) -> Mapping[str, Any]:
        """`table`, which a study keeps, with the keys of today in place of those that are gone."""
        return table

    @classmethod
    def renamed(cls, key: str) -> str:
        """The key that stands for `key` today, where older profiles have that; else nothing."""
        return ""

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> Self:
        """The target whose fields, its name too, `table` holds as TOML gives them.

        Raises ValueError, in words, for a field that is missing, unknown or of another type.
        """
        values = {key: cls.checked(key, value) for key, value in table.items()}
        cls.check_complete(values)
        return cls(**values)

    @classmethod
    def field_names(cls) -> tuple[str, ...]:
        """The names of its fields, in their order."""
        return tuple(_kinds(cls))

    @classmethod
    def checked(cls, key: str, value: Any) -> Any:
        """`value` in the type of the field `key`. Raises ValueError in words."""
        kind = _kinds(cls).get(key)
        if kind is None:
            raise ValueError(f"unknown key '{shown(key)}'")
        if not _FITS[kind](value):
            raise ValueError(f"'{key}' must be {_WORDS[kind]}, not {quoted(value)}")
        if key.endswith("_clock_hz") and not value:
            raise ValueError(f"'{key}' must be above zero")
        if kind == Cycles:
            return tuple(float(number) for number in value)
        return tuple(value) if kind == tuple[int, ...] else kind(value)

    @classmethod
    def check_complete(cls, values: Mapping[str, Any]) -> None:
        """Raises ValueError for a field that `values` lacks."""
        missing = [name for name in cls.field_names() if name not in values]
        if missing:
            raise ValueError(f"'{missing[0]}' is missing")


def _kinds(target: type[Target]) -> dict[str, Any]:
    """The type of each field."""
    if target not in _KNOWN:
        hints = typing.get_type_hints(target)
        _KNOWN[target] = {field.name: hints[field.name] for field in fields(target)}
    return _KNOWN[target]


_KNOWN: dict[type[Target], dict[str, Any]] = {}


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable() and len(value) <= MOST_SIGNS


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LARGEST


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and _is_number(value)


def _are_whole(value: Any) -> bool:
    if not isinstance(value, list | tuple) or len(value) > MOST_NUMBERS:
        return False
    return all(map(_is_whole, value))


def _are_rising(value: Any) -> bool:
    """Three numbers, zero or more, none smaller than the one before."""
    if not isinstance(value, Sequence) or len(value) != 3:
        return False
    return all(map(_is_number, value)) and list(value) == sorted(value)


_FITS: dict[Any, Any] = {
    bool: lambda value: isinstance(value, bool),
    str: _is_text,
    int: _is_whole,
    float: _is_number,
    tuple[int, ...]: _are_whole,
    Cycles: _are_rising,
}
