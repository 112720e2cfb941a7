"""What a search came to, for the terminal: the front's table, and a line on the budget."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dse.text_table import format_table

if TYPE_CHECKING:
    from dse.columns import Column
    from dse.study.columns import StudyColumns
    from dse.study.outcomes import SearchReport
    from dse.study.rows import CandidateRow, OutcomeRow

__all__ = ["front_table", "has_file", "summary_line", "times"]


def summary_line(report: SearchReport) -> str:
    """One line on what the budget went into."""
    reused = f"{report.reused} taken over, " if report.reused else ""
    return (
        f"{report.study}: {reused}{report.trained} trained, {report.stopped_early} stopped early, "
        f"{report.failed} failed, {sum(report.rejected.values())} candidates rejected unseen, "
        f"in {report.seconds / 60:.1f} min; hypervolume {report.hypervolume:.3f}"
    )


def front_table(front: Sequence[OutcomeRow], columns: StudyColumns) -> str:
    """The front's designs for the terminal, deployable ones first."""
    costs = columns.chip.costs
    header = (
        "design", "AP", columns.file_ap.heading, "ms", "band",
        *(f"{cost.heading} kB" for cost in costs), "runs on chip",
    )  # fmt: skip
    ordered = sorted(front, key=lambda row: (not row.deployable, -row.ap))
    cells = [_front_row(row, costs) for row in ordered]
    return format_table(header, cells, header[:1], ruled=False)


def _front_row(row: OutcomeRow, costs: Sequence[Column]) -> tuple[str, ...]:
    return (
        row.id,
        f"{row.ap:.3f}",
        f"{row.file_ap:.3f}" if has_file(row) else "-",
        *times(row),
        *(f"{cost.of(row) / 1000:.0f}" for cost in costs),
        "yes" if row.deployable else "no",
    )


def has_file(row: OutcomeRow) -> bool:
    """Its file was compiled and judged."""
    return not math.isnan(row.file_ap)


def times(row: CandidateRow) -> tuple[str, str]:
    """The latency and its band, milliseconds."""
    return f"{row.latency_ms:.1f}", f"{row.latency_ms_low:.0f}..{row.latency_ms_high:.0f}"
