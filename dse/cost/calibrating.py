"""`dse calibrate`: the times of a log, the constants before and after, and how well they fit."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from dse.cost.measurement import Measured
from dse.cost.refit import Refit
from dse.cost.table import format_table

__all__ = ["calibration_account", "calibration_table"]

Row = dict[str, Any]

GUESSES = ("before", "after", "left_out")


def calibration_account(times: Sequence[Measured], refit: Refit) -> Row:
    """What `dse calibrate --json` prints of a refit, as plain values.

    times: name, source, count (of which `measured_ms` is the median), fitted, and for before,
        after and left_out (its shape left out of the fit) `..._ms` and `..._error`, a part of
        the measured time; null where there is none.
    errors: for before, after and left_out the number of times, the median error and the worst.
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
    constants = [
        {
            "constant": name,
            "before": getattr(refit.before, name),
            "after": getattr(refit.after, name),
            "times": refit.support[name],
        }
        for name in refit.changed
    ]
    return {"times": rows, "errors": _errors(rows), "constants": constants}


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
    """The account for a terminal: times, errors, constants."""
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
    constants = [
        (one["constant"], _cycles(one["before"]), _cycles(one["after"]), str(one["times"]))
        for one in account["constants"]
    ]
    parts = [
        format_table(("time", "n", "ms", "before", "after", "left out"), times, left=("time",)),
        format_table(("errors", "times", "median", "worst"), errors, left=("errors",)),
        format_table(("constant", "before", "after", "times"), constants, left=("constant",)),
    ]
    return "\n\n".join(parts)


def _percent(error: float | None) -> str:
    return "" if error is None else f"{100 * error:+.1f} %"


def _size(error: float | None) -> str:
    return "" if error is None else f"{100 * error:.1f} %"


def _cycles(value: float | tuple[float, ...]) -> str:
    if isinstance(value, tuple):
        low, likely, high = (f"{edge:.4g}" for edge in value)
        return f"{likely} ({low}..{high})"
    return f"{value:.4g}"
