"""A target: what a chip with its firmware allows and how long it takes, read from TOML.

A profile `extends` another file and replaces some of its keys, so a new chip profile is
data and no code. What each key means and where it comes from stands in the files.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dse import resources
from dse.errors import InvalidFile
from dse.schema import LARGEST, line_of, quoted, read_toml, shown

__all__ = ["Cycles", "Target", "check_field"]

Cycles = tuple[float, float, float]
"""Cycles at the least, most likely, and at the most."""


@dataclass(frozen=True)
class Target:
    """A chip and its firmware. Fields are the keys of `constraints/*.toml`, units in names."""

    name: str
    title: str
    kpu_memory_bytes: int
    main_memory_bytes: int
    firmware_bytes: int
    kmodel_version_written: int
    kmodel_versions_loaded: tuple[int, ...]
    kmodel_hint: str
    nncase_version: str
    kmodel_loader: str
    kpu_clock_hz: int
    cpu_clock_hz: int
    interleaved: bool
    kpu_cycles_per_pair_line: float
    kpu_cycles_per_pair_row: float
    kpu_cycles_per_output_line: float
    kpu_cycles_per_weight_byte: float
    kpu_cycles_per_convolution: float
    kpu_cycles_per_depthwise_line: float
    kpu_cycles_per_depthwise_channel: float
    kpu_cycles_per_depthwise: float
    kpu_time_factor_low: float
    kpu_time_factor_high: float
    cpu_cycles_per_downloaded_byte: Cycles
    cpu_cycles_per_downloaded_byte_aligned: Cycles
    cpu_cycles_per_uploaded_byte: Cycles
    cpu_cycles_per_dma_byte: Cycles
    cpu_cycles_per_dequantized_element: Cycles
    cpu_cycles_per_quantized_element: Cycles
    cpu_cycles_per_copied_byte: Cycles
    cpu_cycles_per_padded_element: Cycles
    cpu_cycles_per_indexed_element: Cycles
    cpu_cycles_per_transposed_element: Cycles
    cpu_cycles_per_bilinear_element: Cycles
    cpu_cycles_per_nearest_element: Cycles
    cpu_cycles_per_pooled_element: Cycles
    cpu_cycles_per_element: Cycles
    cpu_cycles_per_mac: Cycles
    cpu_cycles_per_mac_beside_kpu: Cycles
    chip_power_w: float

    @property
    def model_memory_bytes(self) -> int:
        """Main memory that the firmware leaves for a model and its buffers."""
        return self.main_memory_bytes - self.firmware_bytes

    @classmethod
    def load(cls, name: str) -> Target:
        """A target by name (a file in `constraints/`) or by the path of a TOML file.

        Raises UnknownName, or InvalidFile with the line and the reason.
        """
        path = resources.find("constraints", name, "target")
        table = _merged(path, ())
        return cls(name=path.stem, **table)

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> Target:
        """The target whose fields, its name too, `table` holds as TOML gives them.

        Raises ValueError, in words, for a field that is missing, unknown or of another type.
        """
        values = {key: check_field(key, value) for key, value in table.items()}
        _check_complete(values)
        return cls(**values)


MOST_SIGNS, MOST_VERSIONS, MOST_EXTENDED = 1000, 16, 16
"""Of a text, of the kmodel versions that are loaded, and of files that extend one another."""

_TYPES = typing.get_type_hints(Target)

_WORDS: dict[Any, str] = {
    bool: "true or false",
    str: "a line of text",
    int: "a whole number, zero or more",
    float: "a number, zero or more",
    tuple[int, ...]: "whole numbers",
    Cycles: "[lowest, likely, highest], rising numbers",
}


def _merged(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    """The checked keys of `path` over those of the files that it extends."""
    if path in seen or len(seen) > MOST_EXTENDED:
        raise InvalidFile(path, "it extends itself")
    text, table = read_toml(path)
    base = table.pop("extends", None)
    if base is not None and not isinstance(base, str):
        raise InvalidFile(path, "'extends' must be the name of a target", line_of(text, "extends"))
    values = {key: _checked_in(path, text, key, value) for key, value in table.items()}
    if base is not None:
        parent = resources.find("constraints", base, "target")
        return {**_merged(parent, (*seen, path)), **values}
    try:
        _check_complete({**values, "name": path.stem})
    except ValueError as error:
        raise InvalidFile(path, str(error), hint="a profile may extend k210") from None
    return values


def _checked_in(path: Path, text: str, key: str, value: Any) -> Any:
    """As `check_field`, of a key in the file `path`, which gives the name. Raises InvalidFile."""
    if key == "name" or key not in _TYPES:
        known = ", ".join(one for one in _TYPES if one != "name")
        why = f"unknown key '{shown(key)}'"
        raise InvalidFile(path, why, line_of(text, key), f"keys: {known}")
    try:
        return check_field(key, value)
    except ValueError as error:
        raise InvalidFile(path, str(error), line_of(text, key)) from None


def _check_complete(values: Mapping[str, Any]) -> None:
    missing = [name for name in _TYPES if name not in values]
    if missing:
        raise ValueError(f"'{missing[0]}' is missing")


def check_field(key: str, value: Any) -> Any:
    """`value` in the type of the field `key` of a target. Raises ValueError in words."""
    kind = _TYPES.get(key)
    if kind is None:
        raise ValueError(f"unknown key '{shown(key)}'")
    if kind is bool and isinstance(value, bool):
        return value
    if kind is str and isinstance(value, str) and value.isprintable() and len(value) <= MOST_SIGNS:
        return value
    if kind is float and _is_number(value):
        return float(value)
    if kind is int and _is_whole(value):
        if key.endswith("_clock_hz") and not value:
            raise ValueError(f"'{key}' must be above zero")
        return value
    if kind == tuple[int, ...] and isinstance(value, list | tuple) and _few_whole(value):
        return tuple(value)
    if kind == Cycles and isinstance(value, list | tuple) and _rising(value):
        return tuple(float(number) for number in value)
    raise ValueError(f"'{key}' must be {_WORDS[kind]}, not {quoted(value)}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LARGEST


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST


def _few_whole(values: Sequence[Any]) -> bool:
    return len(values) <= MOST_VERSIONS and all(map(_is_whole, values))


def _rising(values: Sequence[Any]) -> bool:
    """Three numbers, zero or more, none smaller than the one before."""
    return len(values) == 3 and all(map(_is_number, values)) and list(values) == sorted(values)
