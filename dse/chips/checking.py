"""`dse check`: cost and verdict of candidates and of `.tflite` files, before any training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dse.chips.columns import COUNTS, TIMES
from dse.chips.k210.columns import BUFFERS, KMODEL_BYTES, MAIN_MEMORY_BYTES, PEAK_KPU_BYTES
from dse.chips.k210.cost.price import Cost, price
from dse.chips.nearest import nearest_fit
from dse.chips.subject import Subject, resolve
from dse.chips.target import Target
from dse.chips.verdict import Verdict, judge
from dse.space import SearchSpace
from dse.text_table import bytes_text, format_table

__all__ = ["check_rows", "check_table"]

Row = dict[str, Any]

COST = (*COUNTS, KMODEL_BYTES, *BUFFERS, MAIN_MEMORY_BYTES, PEAK_KPU_BYTES, *TIMES)
"""The columns of the cost, in their order."""

COLUMNS = ("candidate", "verdict", "file", "RAM", "KPU", "time", "band", "energy")


def check_rows(names: Sequence[str], target: Target, space: SearchSpace | None = None) -> list[Row]:
    """One row a name, with the fields of `dse check --json`, and what explains the verdict.

    names: candidate ids, training ids (taken as kpu8) or paths of `.tflite` files.
    space: where to look for the nearest design that fits, when a candidate does not.
    Raises UsageError, UnknownName or InvalidFile for a name that means nothing.
    """
    return [_row(resolve(name), target, space) for name in names]


def _row(subject: Subject, target: Target, space: SearchSpace | None) -> Row:
    cost = price(subject.graph, subject.format, target)
    verdict = judge(cost, target)
    nearest = None
    if subject.candidate is not None and space is not None and not verdict.accepted:
        nearest = nearest_fit(subject.candidate, space, target)
    return {
        "candidate": subject.name,
        "verdict": verdict.status,
        "reason": verdict.reason or None,
        "layer": verdict.layer or None,
        **{column.name: getattr(cost, column.name) for column in COST},
        "needed_bytes": verdict.needed_bytes or None,
        "allowed_bytes": verdict.allowed_bytes or None,
        "range_dependent": list(cost.range_dependent),
        "message": _message(cost, verdict, target),
        "nearest": nearest.id if nearest else None,
    }


def _message(cost: Cost, verdict: Verdict, target: Target) -> str:
    """The verdict in a sentence."""
    if verdict.message:
        return verdict.message
    if not cost.deployable:
        return f"explored only: the KPU computes in 8 bits, {cost.format} would run on the CPU"
    free = target.model_memory_bytes - cost.main_memory_bytes
    spare = target.kpu_memory_bytes - cost.peak_kpu_bytes
    return f"fits, with {bytes_text(spare)} of KPU memory and {bytes_text(free)} of RAM to spare"


def check_table(rows: Sequence[Row]) -> str:
    """The rows for a terminal: a table, then a sentence for each."""
    cells = [
        (
            row["candidate"],
            row["verdict"],
            bytes_text(row["kmodel_bytes"]),
            bytes_text(row["main_memory_bytes"]),
            bytes_text(row["peak_kpu_bytes"]),
            f"{row['latency_ms']:.0f} ms",
            f"{row['latency_ms_low']:.0f}..{row['latency_ms_high']:.0f}",
            f"{row['energy_mj']:.0f} mJ",
        )
        for row in rows
    ]
    lines = [format_table(COLUMNS, cells, left=("candidate", "verdict")), ""]
    for row in rows:
        lines.append(f"{row['candidate']}: {row['message']}")
        if row["range_dependent"]:
            layers = ", ".join(row["range_dependent"])
            lines.append(f"  the calibration pictures decide on two conversions at {layers}")
        if row["nearest"]:
            lines.append(f"  nearest that fits: {row['nearest']}")
    return "\n".join(lines)
