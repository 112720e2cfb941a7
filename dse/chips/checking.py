"""`dse check`: cost and verdict of candidates and of `.tflite` files, before any training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dse.chips.columns import COUNTS, TIMES
from dse.chips.cost import Cost, Use
from dse.chips.nearest import nearest_fit
from dse.chips.pricing import judge, price
from dse.chips.registry import chip
from dse.chips.subject import Subject, resolve
from dse.chips.target import Target
from dse.space import SearchSpace
from dse.text_table import bytes_text, format_table

__all__ = ["check_row", "check_rows", "check_table"]

Row = dict[str, Any]


def check_rows(names: Sequence[str], target: Target, space: SearchSpace | None = None) -> list[Row]:
    """One row a name, with the fields of `dse check --json`, and what explains the verdict.

    names: candidate ids, training ids (in the chip's usual format) or paths of `.tflite` files.
    space: where to look for the nearest design that fits, when a candidate does not.
    Raises UsageError, UnknownName or InvalidFile for a name that means nothing.
    """
    format = chip(target.chip).format
    subjects = [resolve(name, format) for name in names]
    return [check_row(one, price(one.graph, one.format, target), target, space) for one in subjects]


def check_row(
    subject: Subject, cost: Cost, target: Target, space: SearchSpace | None = None
) -> Row:
    """The row of a network with that cost."""
    on, verdict = chip(target.chip), judge(cost, target)
    uses = on.uses(cost, target)
    nearest = None
    if subject.candidate is not None and space is not None and not verdict.accepted:
        nearest = nearest_fit(subject.candidate, space, target)
    return {
        "candidate": subject.name,
        "verdict": verdict.status,
        "reason": verdict.reason or None,
        "layer": verdict.layer or None,
        **{column.name: column.of(cost) for column in COUNTS},
        **cost.figures,
        **{column.name: column.of(cost) for column in TIMES},
        "needed_bytes": verdict.needed_bytes or None,
        "allowed_bytes": verdict.allowed_bytes or None,
        "range_dependent": list(cost.range_dependent),
        "message": verdict.message or _fits(cost, uses, target),
        "nearest": nearest.id if nearest else None,
        "file_bytes": cost.file_bytes,
        "pools": {
            use.pool.name: {"needed_bytes": use.needed_bytes, "allowed_bytes": use.allowed_bytes}
            for use in uses
        },
    }


def _fits(cost: Cost, uses: Sequence[Use], target: Target) -> str:
    """What is left, in a sentence."""
    if not cost.deployable:
        return chip(target.chip).why_explored(cost.format)
    spare = [
        f"{bytes_text(use.allowed_bytes - use.needed_bytes)} of {use.pool.short}" for use in uses
    ]
    return f"fits, with {' and '.join(spare)} to spare"


def check_table(rows: Sequence[Row], target: Target) -> str:
    """The rows for a terminal: a table, then a sentence for each."""
    pools = chip(target.chip).pools
    header = (
        "candidate", "verdict", "file", *(pool.header for pool in pools), "time", "band", "energy",
    )  # fmt: skip
    cells = [
        (
            row["candidate"],
            row["verdict"],
            bytes_text(row["file_bytes"]),
            *(bytes_text(row["pools"][pool.name]["needed_bytes"]) for pool in pools),
            f"{row['latency_ms']:.0f} ms",
            f"{row['latency_ms_low']:.0f}..{row['latency_ms_high']:.0f}",
            f"{row['energy_mj']:.0f} mJ",
        )
        for row in rows
    ]
    lines = [format_table(header, cells, left=("candidate", "verdict")), ""]
    for row in rows:
        lines.append(f"{row['candidate']}: {row['message']}")
        if row["range_dependent"]:
            layers = ", ".join(row["range_dependent"])
            lines.append(f"  the calibration pictures decide on two conversions at {layers}")
        if row["nearest"]:
            lines.append(f"  nearest that fits: {row['nearest']}")
    return "\n".join(lines)
