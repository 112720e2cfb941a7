"""`dse calibrate`: the times of a log, the constants before and after, and how well they fit."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np

from dse.chips.k210.calibration.bands import ON_KPU
from dse.chips.k210.calibration.fit import amounts, constants
from dse.chips.k210.calibration.measurement import Measured
from dse.chips.k210.calibration.refit import Refit
from dse.text_table import format_table

__all__ = ["calibration_account", "calibration_table"]

Row = dict[str, Any]

GUESSES = ("before", "after", "left_out")


def calibration_account(times: Sequence[Measured], refit: Refit) -> Row:
    """What `dse calibrate --json` prints of a refit, as plain values.

    times: name, source, count (of which `measured_ms` is the median), fitted, and for before,
        after and left_out (its shape left out of the fit) `..._ms` and `..._error`, a part of
        the measured time; null where there is none.
    errors: for before, after and left_out the number of times, the median error and the worst.
    processors: for kpu and cpu the milliseconds of all fitted times that its constants make,
        before and after, and their ratio; waiting for weights is a constant of the CPU's clock.
    constants: key, before, after, and times, the number of those that notice it.
    """
    left_out = {id(one): ms for one, ms in refit.left_out}
    rows = []
    for one in times:
        guesses = {
            "before": one.predicted_ms(refit.before) if one.modelled else None,
            "after": one.predicted_ms(refit.after) if one.modelled else None,
            "left_out": left_out.get(id(one)),
        }
        row: Row = {"name": one.name, "source": one.source, "count": one.count}
        row |= {"fitted": id(one) in left_out, "measured_ms": one.ms}
        for guess, ms in guesses.items():
            row[f"{guess}_ms"] = ms
            row[f"{guess}_error"] = None if ms is None else ms / one.ms - 1
        rows.append(row)
    changed = [
        {
            "constant": name,
            "before": getattr(refit.before, name),
            "after": getattr(refit.after, name),
            "times": refit.support[name],
        }
        for name in refit.changed
    ]
    used = [one for one, _ in refit.left_out]
    parts = {"errors": _errors(rows), "processors": _processors(used, refit)}
    return {"times": rows, **parts, "constants": changed}


def _processors(used: Sequence[Measured], refit: Refit) -> Row:
    """How the time is divided between KPU and CPU: what whole networks tell."""
    shares = {
        when: np.array([one.ms for one in used]) @ (amounts(used, target) * constants(target))
        for when, target in (("before", refit.before), ("after", refit.after))
    }
    found: Row = {}
    for name, mine in (("kpu", ON_KPU), ("cpu", ~ON_KPU)):
        before, after = (float(shares[when][mine].sum()) for when in ("before", "after"))
        ratio = after / before if before else None
        found[name] = {"before_ms": before, "after_ms": after, "ratio": ratio}
    return found


def _errors(rows: Sequence[Row]) -> Row:
    """Median and worst over the fitted rows."""
    found: Row = {}
    for guess in GUESSES:
        errors = [row[f"{guess}_error"] for row in rows if row["fitted"]]
        sizes = [abs(error) for error in errors if error is not None]
        found[guess] = {
            "times": len(sizes),
            "median": statistics.median(sizes) if sizes else None,
            "worst": max(sizes, default=None),
        }
    return found


def calibration_table(account: Row) -> str:
    """The account for a terminal: times, errors, processors, constants."""
    times = [
        (
            row["name"] + ("" if row["fitted"] else " (not fitted)"),
            str(row["count"]),
            f"{row['measured_ms']:.4g}",
            *(_percent(row[f"{guess}_error"]) for guess in GUESSES),
        )
        for row in account["times"]
    ]
    errors = [
        (guess.replace("_", " "), str(one["times"]), _size(one["median"]), _size(one["worst"]))
        for guess, one in account["errors"].items()
    ]
    processors = [
        (name.upper(), f"{one['before_ms']:.4g}", f"{one['after_ms']:.4g}", _ratio(one["ratio"]))
        for name, one in account["processors"].items()
    ]
    cycles = [
        (one["constant"], _cycles(one["before"]), _cycles(one["after"]), str(one["times"]))
        for one in account["constants"]
    ]
    parts = [
        format_table(("time", "n", "ms", "before", "after", "left out"), times, left=("time",)),
        format_table(("errors", "times", "median", "worst"), errors, left=("errors",)),
        format_table(("ms of", "before", "after", "ratio"), processors, left=("ms of",)),
        format_table(("constant", "before", "after", "times"), cycles, left=("constant",)),
    ]
    return "\n\n".join(parts)


def _percent(error: float | None) -> str:
    return "" if error is None else f"{100 * error:+.1f} %"


def _size(error: float | None) -> str:
    return "" if error is None else f"{100 * error:.1f} %"


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _cycles(value: float | tuple[float, ...]) -> str:
    if isinstance(value, tuple):
        low, likely, high = (f"{edge:.4g}" for edge in value)
        return f"{likely} ({low}..{high})"
    return f"{value:.4g}"
