"""From a kmodel of any version to its operations, priced for a target."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dse.chips.k210.bundle.reading import read_bytes
from dse.chips.k210.file_cost.layers import Layers
from dse.chips.k210.file_cost.nodes import MEMORIES, Nodes
from dse.chips.k210.file_cost.operation import Operation, Span, unknown
from dse.chips.k210.file_cost.packages import is_packed, packed_kmodel
from dse.chips.k210.kmodel.buffered import UnknownStep, read_buffered
from dse.chips.k210.kmodel.kmodel import Kmodel, parse_kmodel
from dse.chips.k210.kmodel.records import Step
from dse.chips.k210.target import K210Target
from dse.errors import CompilerError

__all__ = ["FileAtWork", "read_file"]


@dataclass(frozen=True)
class FileAtWork:
    """A kmodel and what it does. input_bytes: of the picture, which the caller holds."""

    headers: Kmodel
    input_bytes: int
    operations: tuple[Operation, ...]
    outputs: tuple[Span, ...]


def read_file(path: Path, target: K210Target) -> FileAtWork:
    """The operations of the kmodel at `path` under its own runtime, with the clocks of `target`.

    It may be in a package. What no rule covers stands among them by name. Raises FileError for
    what cannot be read, VerificationFailed for a file that is damaged or none.
    """
    content = packed_kmodel(path) if is_packed(path) else read_bytes(path)
    headers = parse_kmodel(content)
    try:
        if headers.version == 5:
            from dse.chips.k210.file_cost.modules import module_operations

            operations = module_operations(content, target)
            return FileAtWork(headers, headers.input_bytes, operations, ())
        return _buffered(content, headers, target)
    except CompilerError as error:
        return FileAtWork(headers, headers.input_bytes, (unknown("the file", error),), ())


def _buffered(content: bytes, headers: Kmodel, target: K210Target) -> FileAtWork:
    """Of version 3 or 4."""
    kmodel = read_buffered(content, keep_unknown=True)
    reader: Layers | Nodes = (Layers if kmodel.version == 3 else Nodes)(content, kmodel, target)
    found = [reader.input()]
    found += [_operation(reader, f"{n} {one.name}", one) for n, one in enumerate(kmodel.steps, 1)]
    sides = kmodel.input_shape
    numbers = sides[0] * sides[1] * sides[2] * sides[3]
    outputs = tuple(
        Span(MEMORIES[one.memory], one.start, one.end)
        for one in kmodel.outputs
        if one.memory in MEMORIES
    )
    size = numbers * (4 if kmodel.input_is_float else 1)
    return FileAtWork(headers, size, tuple(found), outputs)


def _operation(reader: Layers | Nodes, name: str, step: Step) -> Operation:
    if isinstance(step, UnknownStep):
        return unknown(f"{name}{step.called}", step.called)
    try:
        return reader.operation(name, step)
    except CompilerError as error:
        return unknown(name, error)
