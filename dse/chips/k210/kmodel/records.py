"""Records of kmodels of versions 3 and 4: a frozen class each, whose fields are the file's own.

A class lists its fields in the order in which they lie in the file; their types say how many
bytes they take. So a record is described once, and reading one is the same for all.
"""

from __future__ import annotations

import functools
import math
import struct
from dataclasses import dataclass, fields
from typing import Any, ClassVar, NamedTuple, NewType, TypeVar, get_type_hints

from dse.chips.k210.kmodel.kmodel_reader import expect

__all__ = [
    "CONSTANTS",
    "KPU_MEMORY",
    "MAIN_MEMORY",
    "FileArray",
    "KpuAddress",
    "Limits",
    "Main",
    "Margins",
    "Range",
    "Record",
    "Shape3",
    "Shape4",
    "Step",
    "layout",
    "packed",
    "read_record",
]

CONSTANTS, MAIN_MEMORY, KPU_MEMORY = range(3)
"""`memory_type_t` of version 4."""

Main = NewType("Main", int)
"""Where something begins in main memory, bytes."""

KpuAddress = NewType("KpuAddress", int)
"""Where something begins in the accelerator's memory, in rows of 64 bytes."""


class Range(NamedTuple):
    """A piece of memory in version 4. type: 0 is float32, 1 is uint8; start and size in bytes."""

    memory: int
    type: int
    start: int
    size: int

    @property
    def end(self) -> int:
        """The byte behind its last."""
        return self.start + self.size


class Shape4(NamedTuple):
    """Sides of a tensor: of an input (1, channels, height, width)."""

    n: int
    c: int
    h: int
    w: int


class Shape3(NamedTuple):
    """Sides of maps in version 3, whose numbers lie (channels, height, width)."""

    width: int
    height: int
    channels: int

    @property
    def chw(self) -> tuple[int, int, int]:
        """As they lie."""
        return self.channels, self.height, self.width


class Margins(NamedTuple):
    """What is added before and behind along one axis; cut off where it is negative."""

    before: int
    after: int


class Limits(NamedTuple):
    """Least and greatest number that a float operation puts out."""

    low: float
    high: float


class FileArray(NamedTuple):
    """Numbers that lie in the file. dtype: NumPy's name; start: offset in the file, bytes."""

    what: str
    dtype: str
    start: int
    shape: tuple[int, ...]

    @property
    def end(self) -> int:
        """The byte behind its last."""
        return self.start + int(self.dtype[1:]) * math.prod(self.shape)


@dataclass(frozen=True)
class Record:
    """body_start, body_end: where it and all that belongs to it lie in the file, bytes.

    Its fields follow in the subclasses.
    """

    body_start: int
    body_end: int

    @property
    def rest(self) -> int:
        """Where what follows the fields begins in the file."""
        own: Any = type(self)
        return self.body_start + layout(own).size


@dataclass(frozen=True)
class Step(Record):
    """An operation of versions 3 and 4. name: in the field's words, for people."""

    name: ClassVar[str] = ""

    @property
    def arrays(self) -> tuple[FileArray, ...]:
        """The numbers that lie behind its fields."""
        return ()


FORMATS: dict[Any, str] = {
    int: "i", float: "f", Main: "I", KpuAddress: "I", Range: "4I", Shape3: "3i", Shape4: "4i",
    Margins: "2i",
    Limits: "2f", tuple[Margins, Margins, Margins, Margins]: "8i",
}  # fmt: skip
"""Type of a field -> how it lies in the file, as for `struct`."""

OWN = ("body_start", "body_end")
"""Fields that do not lie in the file."""

TUPLES = (Range, Shape3, Shape4, Margins, Limits)

Read = TypeVar("Read", bound=Record)


@functools.cache
def layout(kind: Any) -> struct.Struct:
    """How the fields of `kind` lie in the file."""
    return struct.Struct("<" + "".join(FORMATS[hint] for _, hint in _fields(kind)))


def read_record(kind: type[Read], data: bytes, start: int, end: int) -> Read:
    """The record of `kind` at `start`, which must end by `end`.

    Raises VerificationFailed for one that is cut off or holds what is no number.
    """
    known: Any = kind
    size, what = layout(known).size, getattr(kind, "name", "") or "a record"
    expect(start + size <= min(end, len(data)), f"'{what}' at {start} is cut off")
    numbers = list(layout(known).unpack_from(data, start))
    values: list[Any] = []
    for _, hint in _fields(known):
        count = struct.calcsize(f"<{FORMATS[hint]}") // 4
        taken, numbers = numbers[:count], numbers[count:]
        expect(all(n == n for n in taken), f"'{what}' at {start} holds what is no number")
        values.append(_value(hint, taken))
    return kind(start, min(end, len(data)), *values)


def packed(record: Record) -> bytes:
    """The fields of `record` as they lie in the file."""
    own: Any = type(record)
    values = [getattr(record, name) for name, _ in _fields(own)]
    return layout(own).pack(*_flat(values))


def _flat(values: Any) -> list[Any]:
    if not isinstance(values, tuple | list):
        return [values]
    return [one for value in values for one in _flat(value)]


def _value(hint: Any, numbers: list[Any]) -> Any:
    if hint in TUPLES:
        return hint(*numbers)
    if len(numbers) == 1:
        return numbers[0]
    return tuple(Margins(*numbers[i : i + 2]) for i in range(0, len(numbers), 2))


@functools.cache
def _fields(kind: Any) -> tuple[tuple[str, Any], ...]:
    """Names and types, in the file's order."""
    hints = get_type_hints(kind)
    return tuple((one.name, hints[one.name]) for one in fields(kind) if one.name not in OWN)
