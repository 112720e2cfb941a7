"""What a search can choose from: every candidate priced, and the designs that fit."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from dse.chips import Target, price_space
from dse.errors import InvalidFile, NothingFeasible
from dse.files import open_regular, reported
from dse.schema import shown
from dse.space import AXES, Candidate, SearchSpace, Training
from dse.study.candidates import TYPES, Candidates, Row, deployable_rows, rejected_by_reason
from dse.study.design import Design

__all__ = ["SearchPlan", "candidate_row", "make_plan", "priced_rows", "read_candidates"]

COST_FIELDS = (
    "parameters",
    "macs",
    "kmodel_bytes",
    "main_memory_bytes",
    "peak_kpu_bytes",
    "latency_ms",
    "latency_ms_low",
    "latency_ms_high",
    "energy_mj",
    "deployable",
)
VERDICT_FIELDS = ("status", "reason", "layer", "message", "needed_bytes", "allowed_bytes")
ROW_FIELDS = dict.fromkeys(("candidate", "training", *AXES, *COST_FIELDS, *VERDICT_FIELDS)).keys()
"""Of a candidate's row, in their order."""

CSV_LINE_BYTES = 1 << 16
"""A candidate is a line of 300 bytes; what is longer is read, and refused, as several."""

SHOWN_VIOLATIONS = 3

PRICED_AT_ONCE = 100_000
"""Candidates whose costs are in memory at a time, as objects, while they become columns."""


@dataclass(frozen=True)
class SearchPlan:
    """The space, priced for the target.

    rows: one per candidate of the space, in its order.
    designs: the feasible trainings, each with the cost of its deployable candidate.
    """

    space: SearchSpace
    rows: Candidates
    designs: tuple[Design, ...]

    @cached_property
    def rejected(self) -> dict[str, int]:
        """Candidates that were refused, counted by reason, the most frequent first."""
        return rejected_by_reason(self.rows)

    @property
    def feasible(self) -> int:
        """Candidates that fit the target."""
        return int(self.rows.are("status", "accepted").sum())

    @cached_property
    def largest_parameters(self) -> int:
        """Weights of the largest candidate, a count."""
        return int(self.rows.numbers("parameters").max())

    def deployable_row(self, training: Training) -> Row:
        """The smallest accepted candidate of `training` that the chip can run."""
        return self.rows.deployable[training.id]


def make_plan(space: SearchSpace, target: Target) -> SearchPlan:
    """Prices every candidate of `space`.

    Raises NothingFeasible, with the candidates that come nearest, when no design has a
    deployable candidate within the target's limits.
    """
    rows = priced_rows(space, target)
    designs = [
        Design(_training(row), row["latency_ms"], row["kmodel_bytes"])
        for row in deployable_rows(rows).values()
    ]
    if not designs:
        raise _nothing_feasible(space, rows)
    return SearchPlan(space, rows, tuple(designs))


def priced_rows(candidates: Iterable[Candidate], target: Target) -> Candidates:
    """Axes, cost and verdict of each of `candidates`, in their order."""
    source = iter(candidates)

    def rows() -> Iterator[Row]:
        while some := list(islice(source, PRICED_AT_ONCE)):
            yield from map(candidate_row, price_space(some, target))

    return Candidates(rows())


def candidates_csv(rows: Sequence[Row]) -> str:
    """The rows as CSV, with a header; floats to the last digit."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def read_candidates(path: Path) -> Candidates:
    """The rows that `candidates_csv` wrote. Raises FileError, or InvalidFile with the line."""
    reader = csv.DictReader(_csv_lines(path), strict=True)
    try:
        found = Candidates(_typed(row) for row in reader)
        found.check()
        if not found:
            raise ValueError("no candidate in it")
    except (ValueError, OverflowError, csv.Error) as error:
        hint = "delete it: the space is then priced again"
        raise InvalidFile(path, shown(str(error), 200), reader.line_num, hint) from None
    return found


def candidate_row(priced: Any) -> Row:
    """Axes, cost and verdict of one `dse.chips.Priced`."""
    candidate, cost, verdict = priced.candidate, priced.cost, priced.verdict
    return {
        "candidate": candidate.id,
        "training": candidate.training.id,
        **vars(candidate.training),
        "format": candidate.format,
        **{name: getattr(cost, name) for name in COST_FIELDS},
        **{name: getattr(verdict, name) for name in VERDICT_FIELDS},
    }


def _training(row: Row) -> Training:
    return Training(row["breakpoint"], row["frozen_until"], row["width"], row["input_size"])


def _nothing_feasible(space: SearchSpace, rows: Sequence[Row]) -> NothingFeasible:
    """The error that shows which candidates come nearest to fitting, and what they lack."""
    if not any(row["deployable"] for row in rows):
        return NothingFeasible(
            f"no format of space '{space.name}' runs on the target's accelerator",
            "add the format kpu8 to the space",
        )
    refused = [row for row in rows if row["deployable"] and row["status"] != "accepted"]
    nearest = sorted(refused, key=_violation)[:SHOWN_VIOLATIONS]
    shown = "\n".join(f"  {row['candidate']}: {row['message']}" for row in nearest)
    return NothingFeasible(
        f"none of {len(rows)} candidates of space '{space.name}' fits the target. "
        f"Nearest to it:\n{shown}",
        "widen the space to smaller inputs or widths, or take a target with more memory",
    )


def _violation(row: Row) -> tuple[float, str]:
    """By how much a candidate misses its limit, as a share of the limit."""
    needed, allowed = row["needed_bytes"], row["allowed_bytes"]
    return (needed / allowed if needed and allowed else float("inf"), row["candidate"])


def _csv_lines(path: Path) -> Iterator[str]:
    """The lines of a CSV file, none of which is longer than any of ours."""
    with open_regular(path) as file, reported(path, "read"):
        while line := file.readline(CSV_LINE_BYTES):
            yield line.decode()


def _typed(row: dict[str, str]) -> Row:
    """A row of candidates.csv. Raises ValueError."""
    if row.keys() != ROW_FIELDS or None in row.values():
        raise ValueError(f"its columns must be {', '.join(ROW_FIELDS)}")
    return {key: _READ.get(key, _text)(value) for key, value in row.items()}


def _text(value: str) -> str:
    return value


_READ: dict[str, Callable[[str], Any]] = {**TYPES, "deployable": lambda value: value == "True"}
