"""Constants and their bands, refitted to a log: what it determines moves, the rest stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dse.chips.k210.calibration.bands import FACTORS, ON_KPU, Bands, band_deviations, four_digits
from dse.chips.k210.calibration.belief import Belief, believe, covariance_of
from dse.chips.k210.calibration.fit import (
    FITTED,
    amounts,
    constants,
    fit,
    leave_one_shape_out,
    likely_cycles,
)
from dse.chips.k210.calibration.measurement import Measured
from dse.chips.k210.target import K210Target
from dse.errors import UsageError

__all__ = ["Refit", "refit"]

Matrix = npt.NDArray[np.float64]

ROUNDS = 3
"""A convolution waits for its weights or does not: that may change while constants move."""

WORTH_SAYING = 0.005
"""A constant that moved by a smaller part, its band too, stays as it was."""

NOTICED = 0.01
"""A time supports a constant that makes at least this part of it."""


@dataclass(frozen=True)
class Refit:
    """A target before and after, and what is to be said of the log.

    changed: the keys in which they differ. support: for each constant and KPU factor the number
        of times that notice it. left_out: each fitted time with what a fit to all other shapes
        gives for it, in ms; None where there is no other.
    """

    before: K210Target
    after: K210Target
    changed: tuple[str, ...]
    support: dict[str, int]
    left_out: tuple[tuple[Measured, float | None], ...]


def refit(times: Sequence[Measured], target: K210Target) -> Refit:
    """`target` with constants and bands that agree with the fitted of `times`, at least one.

    Raises UsageError where times and target are so far apart that no numbers agree with both.
    """
    try:
        with np.errstate(over="raise", divide="raise", invalid="raise"):
            found = _refitted(times, target)
        for key in found.changed:
            K210Target.checked(key, getattr(found.after, key))
    except (ArithmeticError, np.linalg.LinAlgError, RuntimeError, ValueError) as error:
        raise UsageError(
            f"no constants agree with these times and '{target.name}': {error}",
            "leave out times that no chip takes, or start from another --target",
        ) from None
    return found


def _refitted(times: Sequence[Measured], target: K210Target) -> Refit:
    used = [one for one in times if one.fitted and one.predicted_ms(target) > 0]
    found, deviations = target, band_deviations(target)
    for _ in range(ROUNDS):
        belief = believe(constants(target), deviations, ON_KPU, amounts(used, found))
        found = fit(used, found, belief)
    left_out = _left_out(used, found, belief)
    work = amounts(used, found)
    errors = np.array([0.0 if ms is None else abs(ms / one.ms - 1) for one, ms in left_out])
    shapes = [one.shape for one in used]
    known = covariance_of(deviations, ON_KPU)
    bands = Bands(target, found, work, known, belief.after(work), errors, shapes)
    moved = [FITTED[i] for i in np.flatnonzero(work.any(axis=0) & belief.free)]
    new = {name: value for name, value in _values(bands, moved) if _differs(target, name, value)}
    support = _support(work * constants(found))
    return Refit(target, replace(target, **new), tuple(new), support, left_out)


def _support(parts: Matrix) -> dict[str, int]:
    """How many times notice each constant; parts: n x k, what it makes of each."""
    noticed = (parts > NOTICED).sum(axis=0)
    by_kpu = int((parts[:, ON_KPU].sum(axis=1) > NOTICED).sum())
    counts = {name: int(count) for name, count in zip(FITTED, noticed, strict=True)}
    return counts | dict.fromkeys(FACTORS, by_kpu)


def _left_out(
    used: Sequence[Measured], found: K210Target, belief: Belief
) -> tuple[tuple[Measured, float | None], ...]:
    if len({one.shape for one in used}) == 1:
        return tuple((one, None) for one in used)
    return tuple(leave_one_shape_out(used, found, belief))


def _values(bands: Bands, moved: Sequence[str]) -> list[tuple[str, Any]]:
    """The keys of the constants `moved`, in the order of the fields, with their values."""
    kpu = [name for name in moved if name.startswith("kpu")]
    values: list[tuple[str, Any]] = [
        (name, four_digits(likely_cycles(bands.found, name))) for name in kpu
    ]
    if kpu:
        values += zip(FACTORS, bands.kpu_factors(), strict=True)
    return values + [(name, bands.cpu_cycles(name)) for name in moved if name not in kpu]


def _differs(target: K210Target, name: str, value: Any) -> bool:
    """By more than a rounding from what `target` has, in the constant or in its band."""
    now, then = np.atleast_1d(value), np.atleast_1d(getattr(target, name))
    return bool(np.abs(now - then).max() > WORTH_SAYING * then[len(then) // 2])
