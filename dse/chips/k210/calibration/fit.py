"""A target's time constants, fitted to times that a chip printed.

The time of a step is a sum of constants, each times an amount of work (or the larger of two such
sums), so the amounts are its derivatives by the constants. The fit is least squares in relative
error, with no constant below zero; `belief` may hold the constants near known ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from dse.chips.k210.calibration.belief import Belief
from dse.chips.k210.calibration.measurement import Measured
from dse.chips.k210.target import K210Target

__all__ = [
    "FITTED",
    "amounts",
    "constants",
    "fit",
    "leave_one_shape_out",
    "likely_cycles",
    "with_cycles",
]

FITTED = tuple(
    field.name
    for field in fields(K210Target)
    if field.name.startswith(("kpu_cycles", "cpu_cycles"))
)
"""Names of a target's time constants."""

Matrix = npt.NDArray[np.float64]
Time = TypeVar("Time", bound=Measured)

NUDGE = 1e-6
"""By which part a constant moves for a derivative; the times are piecewise linear."""


def fit(
    measurements: Sequence[Measured], target: K210Target, belief: Belief | None = None
) -> K210Target:
    """`target` with the constants that fit the fitted of `measurements` best.

    A constant that none of them needs stays as it is; a band keeps its width in percent.
    belief: what is known of the constants without these times.
    """
    used = [one for one in measurements if one.fitted]
    return _solved(amounts(used, target), target, belief)


def leave_one_shape_out(
    measurements: Sequence[Time], target: K210Target, belief: Belief | None = None
) -> list[tuple[Time, float | None]]:
    """Each fitted measurement with the time that a fit to all other shapes gives, in ms.

    None where neither the others nor a `belief` determine the constants that it needs.
    """
    used = [one for one in measurements if one.fitted]
    work = amounts(used, target)
    results: list[tuple[Time, float | None]] = []
    for index, one in enumerate(used):
        known = work[[other.shape != one.shape for other in used]]
        both = np.vstack([known, work[index : index + 1]])
        determined = belief or np.linalg.matrix_rank(both) == np.linalg.matrix_rank(known)
        guess = one.predicted_ms(_solved(known, target, belief)) if determined else None
        results.append((one, guess))
    return results


def amounts(measurements: Sequence[Measured], target: K210Target) -> Matrix:
    """n x constants: the part of each measured time that one cycle of a constant makes."""
    now = np.array([one.predicted_ms(target) for one in measurements])
    columns = []
    for name in FITTED:
        cycles = likely_cycles(target, name)
        nudge = NUDGE * (cycles or 1.0)
        more = with_cycles(target, {name: cycles + nudge})
        then = np.array([one.predicted_ms(more) for one in measurements])
        columns.append((then - now) / nudge)
    work: Matrix = np.stack(columns, axis=1) / np.array([[one.ms] for one in measurements])
    return work


def _solved(work: Matrix, target: K210Target, belief: Belief | None) -> K210Target:
    """`target` with the constants of which `work`, the amounts, makes the measured times."""
    needed = [index for index in range(len(FITTED)) if work[:, index].any()]
    if belief:
        needed = [index for index in needed if belief.free[index]]
    equations: list[Matrix] = [work[:, needed]]
    wanted: list[Matrix] = [np.ones(len(work))]
    if belief:
        held, near = belief.equations(needed)
        equations.append(held)
        wanted.append(near)
    values, _ = nnls(np.vstack(equations), np.concatenate(wanted))
    return with_cycles(target, {FITTED[i]: float(v) for i, v in zip(needed, values, strict=True)})


def likely_cycles(target: K210Target, name: str) -> float:
    """A constant of `target`, without its band."""
    present = getattr(target, name)
    return float(present[1] if isinstance(present, tuple) else present)


def constants(target: K210Target) -> Matrix:
    """k: all constants of `target`, in cycles."""
    return np.array([likely_cycles(target, name) for name in FITTED])


def with_cycles(target: K210Target, cycles: Mapping[str, float]) -> K210Target:
    """`target` with other constants; a band keeps its width in percent."""
    changed: dict[str, Any] = dict(cycles)
    for name, likely in cycles.items():
        band = getattr(target, name)
        if isinstance(band, tuple):
            widths = [edge / band[1] for edge in band] if band[1] else [1.0, 1.0, 1.0]
            changed[name] = tuple(likely * width for width in widths)
    return replace(target, **changed)
