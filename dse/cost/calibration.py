"""A target's time constants, fitted to times that a chip printed.

The time of a step is a sum of constants, each times an amount of work (or the larger of two such
sums), so the amounts are its derivatives by the constants. The fit is least squares in relative
error, with no constant below zero.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from dse.cost.latency import step_time
from dse.cost.program import KNOWN_OPS, KPU_CONVOLUTIONS, Program, Step
from dse.cost.target import Target

__all__ = ["Measurement", "fit", "leave_one_shape_out", "read_measurements"]

FITTED = tuple(
    field.name for field in fields(Target) if field.name.startswith(("kpu_cycles", "cpu_cycles"))
)
"""Names of a target's time constants."""

Matrix = npt.NDArray[np.float64]

NUDGE = 1e-6
"""By which part a constant moves for a derivative; the times are piecewise linear."""


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

    @property
    def shape(self) -> tuple[Any, ...]:
        """What tells two measurements of different work apart."""
        size = (self.height, self.width, self.input_channels, self.output_channels)
        return (self.ops, self.kernel, *size, self.weight_bits)

    @property
    def elements(self) -> int:
        """Numbers that are written."""
        return self.height * self.width * self.output_channels

    @property
    def modelled(self) -> bool:
        """The rules know each of its operations."""
        return all(op in KNOWN_OPS for op in self.ops)

    def predicted_ms(self, target: Target) -> float:
        """The time that the constants of `target` give, at the clocks of the measurement."""
        chip = replace(target, kpu_clock_hz=self.kpu_clock_hz, cpu_clock_hz=self.cpu_clock_hz)
        by_weight = ("kpu_cycles_per_weight_byte", "cpu_cycles_per_dma_byte")
        chip = _with(chip, {name: _likely(chip, name) * self.weight_bits / 8 for name in by_weight})
        written = (self.height, self.width, self.output_channels)
        steps = [Step("input", "", (), (self.height, self.width, self.input_channels))]
        for op in self.ops:
            width = 1 if op in (*KPU_CONVOLUTIONS, "upload", "download", "quantize") else 4
            step = Step(op, "", (len(steps) - 1,), written, width, self.kernel, self.input_channels)
            steps.append(step)
        program = Program(tuple(steps), (len(steps) - 1,))
        return sum(step_time(program, step, chip).ms for step in steps)


def read_measurements(path: Path) -> tuple[Measurement, ...]:
    """The rows of a CSV file such as `constraints/k210_times.csv`."""
    with path.open(newline="", encoding="utf-8") as file:
        return tuple(_measurement(row) for row in csv.DictReader(file))


def _measurement(row: dict[str, str]) -> Measurement:
    sides = ("height", "width", "input_channels", "output_channels", "weight_bits")
    return Measurement(
        ops=tuple(row["ops"].split("+")),
        kernel=int(row["kernel"] or 1),
        **{name: int(row[name]) for name in sides},
        kpu_clock_hz=int(row["kpu_mhz"]) * 1_000_000,
        cpu_clock_hz=int(row["cpu_mhz"]) * 1_000_000,
        ms=float(row["ms"]),
        runtime=row["runtime"],
        fitted=row["fitted"] == "yes",
        source=row["source"],
    )


def fit(measurements: Sequence[Measurement], target: Target) -> Target:
    """`target` with the constants that fit the fitted of `measurements` best.

    A constant that none of them needs stays as it is; a band keeps its width in percent.
    """
    used = [one for one in measurements if one.fitted]
    amounts = _amounts(used, target)
    needed = [index for index in range(len(FITTED)) if amounts[:, index].any()]
    values, _ = nnls(amounts[:, needed], np.ones(len(used)))
    return _with(target, {FITTED[i]: float(v) for i, v in zip(needed, values, strict=True)})


def leave_one_shape_out(
    measurements: Sequence[Measurement], target: Target
) -> list[tuple[Measurement, float | None]]:
    """Each fitted measurement with the time that a fit to all other shapes gives, in ms.

    None where the others do not determine the constants that it needs.
    """
    used = [one for one in measurements if one.fitted]
    results: list[tuple[Measurement, float | None]] = []
    for one in used:
        others = [other for other in used if other.shape != one.shape]
        known = _amounts(others, target)
        both = np.vstack([known, _amounts([one], target)])
        determined = np.linalg.matrix_rank(both) == np.linalg.matrix_rank(known)
        guess = one.predicted_ms(fit(others, target)) if determined else None
        results.append((one, guess))
    return results


def _amounts(measurements: Sequence[Measurement], target: Target) -> Matrix:
    """n x constants: the part of each measured time that one cycle of a constant makes."""
    now = np.array([one.predicted_ms(target) for one in measurements])
    columns = []
    for name in FITTED:
        cycles = _likely(target, name)
        nudge = NUDGE * (cycles or 1.0)
        more = _with(target, {name: cycles + nudge})
        then = np.array([one.predicted_ms(more) for one in measurements])
        columns.append((then - now) / nudge)
    amounts: Matrix = np.stack(columns, axis=1) / np.array([[one.ms] for one in measurements])
    return amounts


def _likely(target: Target, name: str) -> float:
    present = getattr(target, name)
    return float(present[1] if isinstance(present, tuple) else present)


def _with(target: Target, cycles: Mapping[str, float]) -> Target:
    """`target` with other constants; a band keeps its width in percent."""
    changed: dict[str, Any] = dict(cycles)
    for name, likely in cycles.items():
        band = getattr(target, name)
        if isinstance(band, tuple):
            widths = [edge / band[1] for edge in band] if band[1] else [1.0, 1.0, 1.0]
            changed[name] = tuple(likely * width for width in widths)
    return replace(target, **changed)
