"""A target: what a chip with its firmware allows and how long it takes, read from TOML.

A profile `extends` another file and replaces some of its keys, so a new chip profile is
data and no code. What each key means and where it comes from stands in the files.
"""

from __future__ import annotations

import typing
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import tomli

from dse import resources
from dse.errors import InvalidFile

__all__ = ["Cycles", "Target"]

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


_TYPES = {name: kind for name, kind in typing.get_type_hints(Target).items() if name != "name"}


def _merged(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    """The checked keys of `path` over those of the files that it extends."""
    if path in seen:
        raise InvalidFile(path, "it extends itself")
    text = path.read_text(encoding="utf-8")
    try:
        table = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        raise InvalidFile(path, str(error)) from None
    base = table.pop("extends", None)
    if base is not None and not isinstance(base, str):
        raise InvalidFile(path, "'extends' must be the name of a target", _line(text, "extends"))
    values = {key: _checked(path, text, key, value) for key, value in table.items()}
    if base is not None:
        parent = resources.find("constraints", base, "target")
        return {**_merged(parent, (*seen, path)), **values}
    missing = [field.name for field in fields(Target) if field.name not in (*values, "name")]
    if missing:
        raise InvalidFile(path, f"'{missing[0]}' is missing", hint="a profile may extend k210")
    return values


def _checked(path: Path, text: str, key: str, value: Any) -> Any:
    """`value` in the type of `key`, or InvalidFile."""
    kind = _TYPES.get(key)
    if kind is None:
        hint = f"keys: {', '.join(_TYPES)}"
        raise InvalidFile(path, f"unknown key '{key}'", _line(text, key), hint)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind is bool and isinstance(value, bool):
        return value
    if kind is str and isinstance(value, str):
        return value
    if kind is float and number and value >= 0:
        return float(value)
    if kind is int and isinstance(value, int) and number and value >= 0:
        return value
    if kind == tuple[int, ...] and isinstance(value, list) and _all_integers(value):
        return tuple(value)
    if kind == Cycles and isinstance(value, list) and _rising(value):
        return tuple(float(number) for number in value)
    raise InvalidFile(path, f"'{key}' must be {_WORDS[kind]}, not {value!r}", _line(text, key))


_WORDS: dict[Any, str] = {
    bool: "true or false",
    str: "text",
    int: "a whole number, zero or more",
    float: "a number, zero or more",
    tuple[int, ...]: "whole numbers",
    Cycles: "[lowest, likely, highest], rising numbers",
}


def _all_integers(values: list[Any]) -> bool:
    return all(isinstance(value, int) and not isinstance(value, bool) for value in values)


def _rising(values: list[Any]) -> bool:
    """Three numbers, zero or more, none smaller than the one before."""
    numbers = [v for v in values if isinstance(v, (int, float)) and not isinstance(v, bool)]
    return len(numbers) == len(values) == 3 and [0, *numbers] == sorted([0, *numbers])


def _line(text: str, key: str) -> int | None:
    """The line of `text` that sets `key`, counted from 1."""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.split("=")[0].strip() == key:
            return number
    return None
