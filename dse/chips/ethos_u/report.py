"""What Vela says of a network, as values: its summary, its operations, its memory."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dse.errors import CompilerError
from dse.files import printable

__all__ = ["Operation", "Placed", "Report", "read_report"]

KIBIBYTE = 1024

_PLACED = re.compile(
    r"^ *(\d+) - +(\d+): +0x([0-9a-f]+) - +0x[0-9a-f]+: +(\d+): +\d+: \w+ *: (\S+)", re.MULTILINE
)
"""A line of --verbose-allocation: first and last time, addresses, size, name."""

_SRAM = re.compile(r"^Allocation, memory Sram.*?^Allocation Peak", re.MULTILINE | re.DOTALL)

_REASON = re.compile(
    r"^Warning \(supported operators\) operator: \S+, ofm: '([^']*)'\nReason: (.*)$", re.MULTILINE
)
"""Why an operation runs on the CPU."""

TIMES_AN_OPERATION = 2
"""By which Vela's times are more than its operations."""


@dataclass(frozen=True)
class Operation:
    """One that the network runs, in order. name: of the tensor that it writes, cycles: of the
    NPU's clock, 0 on the CPU, whose time Vela does not know. sram_bytes: alive meanwhile."""

    name: str
    operator: str
    on_npu: bool
    cycles: int
    sram_bytes: int


@dataclass(frozen=True)
class Placed:
    """A buffer in SRAM, and the first and the last operation at which it is needed, an index."""

    name: str
    start_bytes: int
    size_bytes: int
    birth: int
    death: int


@dataclass(frozen=True)
class Report:
    """sram_bytes: the highest address in use. flash_bytes: read-only data, of which
    encoded_bytes are the compressed weights, weight_bytes before that. cycles: of the NPU's clock.
    reasons: (name of an operation, why Vela puts it on the CPU)."""

    sram_bytes: int
    flash_bytes: int
    encoded_bytes: int
    weight_bytes: int
    cycles: int
    operations: tuple[Operation, ...]
    buffers: tuple[Placed, ...]
    reasons: tuple[tuple[str, str], ...]


def read_report(answer: Mapping[str, str]) -> Report:
    """What an answer of `vela_process` tells. Raises CompilerError where it tells something else
    than this knows to read."""
    try:
        (summary,) = _rows(answer["summary"])
        operations = tuple(_operations(answer["layers"]))
        return Report(
            sram_bytes=_bytes(summary["sram_memory_used"]),
            flash_bytes=_bytes(summary["off_chip_flash_memory_used"]),
            encoded_bytes=int(summary["total_npu_encoded_weights"]),
            weight_bytes=int(summary["total_original_weights"]),
            cycles=int(float(summary["cycles_total"])),
            operations=operations,
            buffers=tuple(_buffers(answer["printed"], len(operations))),
            reasons=tuple(_reasons(answer["printed"])),
        )
    except (KeyError, TypeError, ValueError, OverflowError, csv.Error) as error:
        raise CompilerError(
            f"Vela's report is none that dse can read: {type(error).__name__}: {error}",
            "take a target of the package, whose version of Vela is known to it",
        ) from None


def _rows(text: str) -> Iterator[dict[str, str]]:
    return iter(csv.DictReader(io.StringIO(text)))


def _bytes(kibibytes: str) -> int:
    return round(float(kibibytes) * KIBIBYTE)


def _operations(text: str) -> Iterator[Operation]:
    """Those that take a time of their own: what is fused into another has none."""
    for row in _rows(text):
        on_npu = row["Target"] == "NPU"
        found = Operation(
            row["Name"],
            row["NNG Operator" if on_npu else "Original Operator"],
            on_npu,
            int(float(row["Op Cycles"])),
            int(float(row["Staging Usage"])),
        )
        if found.cycles or not found.on_npu:
            yield found


def _buffers(printed: str, operations: int) -> Iterator[Placed]:
    told = _SRAM.search(printed)
    for line in _PLACED.finditer(told[0] if told else ""):
        first, last, start, size, name = line.groups()
        birth, death = (
            min(int(time) // TIMES_AN_OPERATION, max(operations - 1, 0)) for time in (first, last)
        )
        yield Placed(name, int(start, 16), int(size), birth, death)


def _reasons(printed: str) -> Iterator[tuple[str, str]]:
    for name, text in _REASON.findall(printed):
        yield printable(name), printable(text.strip())
