"""A kmodel as a list of operations, each with its steps: where they run, how long, on what memory.

Readers of all versions come to this one form; prices and accounts are told from it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dse.chips.k210.cost.latency import Duration, step_time, total_time
from dse.chips.k210.cost.program import Program, Step
from dse.chips.k210.kmodel.kmodel_reader import expect
from dse.chips.k210.kmodel.kpu_layer import Convolution, KpuMap
from dse.chips.k210.target import K210Target
from dse.chips.target import Cycles
from dse.errors import CompilerError
from dse.network.graph import Shape

__all__ = [
    "KPU",
    "MAIN",
    "FileStep",
    "Operation",
    "Span",
    "convolution",
    "elements_of",
    "kpu_span",
    "loop_time",
    "moved",
    "unknown",
]

KPU, MAIN = "kpu", "data"
"""Memories: the accelerator's, and the buffer in main memory."""

MOST_ELEMENTS = 64 << 20
"""Numbers of a tensor: eight times as many as the chip has bytes. More is a lie."""

NOT_KNOWN = "the emulator does not know "
"""How readers begin what they say."""

DROPPING = {5: 4, 6: 4, 7: 16}
"""Pool type -> of how many pixels it keeps one: how the KPU does strides."""


class Span(NamedTuple):
    """Bytes `start` to `end` of one memory."""

    memory: str
    start: int
    end: int


@dataclass(frozen=True)
class FileStep:
    """What one processor does in one go.

    place: one of `Chip.places`. shape: (height, width, channels) of what it writes, as far as
    that is a map. reads, writes: what must be in memory for it, constants left out.
    """

    op: str
    place: str
    shape: Shape
    time: Duration
    reads: tuple[Span, ...] = ()
    writes: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Operation:
    """A layer or node of the file. name: its number and what it is, alone in the file.

    parameters: weights and biases. macs: products for what it writes. constant_bytes: its part of
    the file. working_bytes: memory that the runtime takes for it and gives back. why: it runs
    where it runs, in words. known: rules cover it; else it takes no time here.
    """

    name: str
    op: str
    steps: tuple[FileStep, ...]
    parameters: int = 0
    macs: int = 0
    constant_bytes: int = 0
    working_bytes: int = 0
    why: str = ""
    known: bool = True

    @property
    def time(self) -> Duration:
        """Of all its steps."""
        return total_time([step.time for step in self.steps])


def elements_of(sides: Sequence[int], what: str) -> int:
    """Numbers of a tensor. Raises VerificationFailed for sides that no tensor has."""
    expect(min(sides, default=1) > 0, f"a tensor of '{what}' has sides {tuple(sides)}")
    count = math.prod(sides)
    expect(count <= MOST_ELEMENTS, f"a tensor of '{what}' has {count:,} numbers")
    return count


def kpu_span(of: KpuMap) -> Span:
    """Where a map lies."""
    return Span(KPU, of.address, of.end)


def loop_time(cycles: Cycles, units: int, target: K210Target) -> Duration:
    """So many rounds of a loop of the CPU."""
    low, likely, high = (one * units / target.cpu_clock_hz * 1e3 for one in cycles)
    return Duration(likely, low, high)


def convolution(layer: Convolution, target: K210Target) -> tuple[FileStep, int, int]:
    """The accelerator's step of `layer`; parameters; products, without those for dropped pixels."""
    read, written = _hwc(layer.read), _hwc(layer.written)
    op = "kpu_depthwise" if layer.depthwise else "kpu_conv"
    source = Step("input", "", (), read)
    step = Step(op, "", (0,), written, 1, layer.kernel, layer.read.channels)
    once = step_time(Program((source, step), (1,)), step, target)
    time = Duration(*(one * layer.read.batches for one in once))
    found = FileStep(op, "kpu", written, time, (kpu_span(layer.read),), (kpu_span(layer.written),))
    parameters = layer.weight_bytes + layer.written.channels
    return found, parameters, layer.macs // DROPPING.get(layer.pool, 1)


def moved(
    op: str, of: KpuMap, reads: tuple[Span, ...], writes: tuple[Span, ...], target: K210Target
) -> FileStep:
    """An upload or download by the CPU, as the runtimes 0.2 and 1.x do it.

    They copy whole maps in one piece where a row fills whole rows of the accelerator's memory.
    """
    shape = _hwc(of)
    step = Step(op, "", (), shape)
    once = step_time(Program((step,), (0,)), step, target)
    time = Duration(*(one * of.batches for one in once))
    return FileStep(op, "transfer", shape, time, reads, writes)


def unknown(name: str, reason: CompilerError | str) -> Operation:
    """What no rule covers: an operation by its name, or why a reader knows no more."""
    what = str(reason).removeprefix(NOT_KNOWN)
    step = FileStep(what, "cpu", (1, 1, 1), Duration(0.0, 0.0, 0.0))
    return Operation(name, what, (step,), why="no rule covers it", known=False)


def _hwc(of: KpuMap) -> Shape:
    return of.height, of.width, of.channels
