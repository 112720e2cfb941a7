"""Times that a chip printed: of one operation whose shape is known, or of steps of a network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

from dse.chips.k210.cost.latency import step_time
from dse.chips.k210.cost.program import KNOWN_OPS, KPU_CONVOLUTIONS, Program, Step
from dse.chips.k210.target import K210Target

__all__ = ["Measured", "Measurement", "NetworkTime"]

BY_WEIGHT_BYTE = ("kpu_cycles_per_weight_byte", "cpu_cycles_per_dma_byte")


class Measured(Protocol):
    """What constants are fitted to.

    ms: measured. fitted: whether the constants are fitted to it. modelled: whether the rules
        predict it. shape: what tells two measurements of different work apart. name, source:
        for people. count: how many times `ms` is the median of.
    """

    @property
    def ms(self) -> float: ...
    @property
    def fitted(self) -> bool: ...
    @property
    def modelled(self) -> bool: ...
    @property
    def shape(self) -> tuple[Any, ...]: ...
    @property
    def name(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def count(self) -> int: ...

    def predicted_ms(self, target: K210Target) -> float:
        """The time that the constants of `target` give, at the clocks of the measurement."""


@dataclass(frozen=True)
class Measurement:
    """The time of one operation on a chip, or of several in one printed time.

    ops: as in `Step.op`; names that are none are operations of another runtime, kept for
        comparison. height, width, input_channels: what is read; output_channels: what is
        written. fitted: whether the constants are fitted to it.
    """

    ops: tuple[str, ...]
    kernel: int
    height: int
    width: int
    input_channels: int
    output_channels: int
    weight_bits: int
    kpu_clock_hz: int
    cpu_clock_hz: int
    ms: float
    runtime: str
    fitted: bool
    source: str
    count: int = 1

    @property
    def shape(self) -> tuple[Any, ...]:
        """What tells two measurements of different work apart."""
        size = (self.height, self.width, self.input_channels, self.output_channels)
        return (self.ops, self.kernel, *size, self.weight_bits)

    @property
    def name(self) -> str:
        """Operations and sizes, for people."""
        channels = f"{self.input_channels} to {self.output_channels}"
        kernel = f" {self.kernel}x{self.kernel}" if self.kernel > 1 else ""
        return f"{'+'.join(self.ops)}{kernel} {self.height}x{self.width} {channels}"

    @property
    def elements(self) -> int:
        """Numbers that are written."""
        return self.height * self.width * self.output_channels

    @property
    def modelled(self) -> bool:
        """The rules know each of its operations."""
        return all(op in KNOWN_OPS for op in self.ops)

    def predicted_ms(self, target: K210Target) -> float:
        """The time that the constants of `target` give, at the clocks of the measurement."""
        chip = _at_clocks(target, self)
        bytes_each = self.weight_bits / 8
        chip = replace(chip, **{n: _times(getattr(chip, n), bytes_each) for n in BY_WEIGHT_BYTE})
        written = (self.height, self.width, self.output_channels)
        steps = [Step("input", "", (), (self.height, self.width, self.input_channels))]
        for op in self.ops:
            width = 1 if op in (*KPU_CONVOLUTIONS, "upload", "download", "quantize") else 4
            step = Step(op, "", (len(steps) - 1,), written, width, self.kernel, self.input_channels)
            steps.append(step)
        program = Program(tuple(steps), (len(steps) - 1,))
        return sum(step_time(program, step, chip).ms for step in steps)


@dataclass(frozen=True)
class NetworkTime:
    """The time of the steps `steps` of `program`: of a layer, of all of a kind, or of all.

    name: the network, and which steps.
    """

    name: str
    program: Program
    steps: tuple[int, ...]
    kpu_clock_hz: int
    cpu_clock_hz: int
    ms: float
    runtime: str
    source: str
    count: int = 1
    fitted: bool = True
    modelled: bool = True

    @property
    def shape(self) -> tuple[Any, ...]:
        """What tells two measurements of different work apart: equal layers are equal work."""
        return tuple(self._work(self.program.steps[index]) for index in self.steps)

    def _work(self, step: Step) -> tuple[Any, ...]:
        read = tuple(self.program.steps[index].shape for index in step.inputs)
        return (step.op, step.kernel, read, step.shape)

    def predicted_ms(self, target: K210Target) -> float:
        """The time that the constants of `target` give, at the clocks of the measurement."""
        chip = _at_clocks(target, self)
        steps = [self.program.steps[index] for index in self.steps]
        return sum(step_time(self.program, step, chip).ms for step in steps)


def _at_clocks(target: K210Target, one: Measurement | NetworkTime) -> K210Target:
    return replace(target, kpu_clock_hz=one.kpu_clock_hz, cpu_clock_hz=one.cpu_clock_hz)


def _times(cycles: Any, factor: float) -> Any:
    if isinstance(cycles, tuple):
        return tuple(edge * factor for edge in cycles)
    return cycles * factor
