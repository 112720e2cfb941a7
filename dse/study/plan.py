"""What a search can choose from: every candidate priced, and the designs that fit."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from dse.axes import USUAL
from dse.canvas import Canvas, InputSize
from dse.chips import Target, price_space
from dse.chips.verdict import ACCEPTED
from dse.errors import InvalidFile, NothingFeasible, UsageError
from dse.files import open_regular, reported
from dse.schema import shown
from dse.space import Candidate, SearchSpace, Training
from dse.study.candidates import Candidates, kept_columns
from dse.study.columns import StudyColumns, study_columns
from dse.study.design import Design
from dse.study.rows import CandidateRow

__all__ = [
    "SearchPlan",
    "candidates_csv",
    "make_plan",
    "priced_rows",
    "read_candidates",
]

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

    @property
    def rejected(self) -> dict[str, int]:
        """Candidates that were refused, counted by reason, the most frequent first."""
        return self.rows.rejected

    @property
    def feasible(self) -> int:
        """Candidates that fit the target."""
        return int(self.rows.are("status", "accepted").sum())

    @cached_property
    def largest_parameters(self) -> int:
        """Weights of the largest candidate, a count."""
        return int(self.rows.numbers("parameters").max())

    def deployable_row(self, training: Training) -> CandidateRow:
        """The smallest accepted candidate of `training` that the chip can run."""
        return self.rows.deployable[training.id]


def make_plan(space: SearchSpace, target: Target, classes: int = 1) -> SearchPlan:
    """Prices every candidate of `space`, for so many classes.

    Raises NothingFeasible, with the candidates that come nearest, when no design has a
    deployable candidate within the target's limits.
    """
    rows = priced_rows(space, target, classes)
    designs = [
        Design(row.training, row.latency_ms, row.file_bytes) for row in rows.deployable.values()
    ]
    if not designs:
        raise _nothing_feasible(space, rows)
    return SearchPlan(space, rows, tuple(designs))


def priced_rows(candidates: Iterable[Candidate], target: Target, classes: int = 1) -> Candidates:
    """Axes, cost and verdict of each of `candidates`, in their order, for so many classes."""
    columns, source = study_columns(target.chip, classes > 1), iter(candidates)

    def rows() -> Iterator[CandidateRow]:
        while some := list(islice(source, PRICED_AT_ONCE)):
            for priced in price_space(some, target, classes):
                yield CandidateRow.of(priced, columns.chip)

    return Candidates.of(columns, rows())


def candidates_csv(rows: Candidates) -> str:
    """The rows as CSV, with a header; floats to the last digit."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows.columns.names("candidates"))
    writer.writerows(rows.lines())
    return text.getvalue()


def read_candidates(path: Path, columns: StudyColumns) -> Candidates:
    """The rows that `candidates_csv` wrote. Raises FileError, or InvalidFile with the line."""
    reader = csv.reader(_csv_lines(path), strict=True)
    try:
        found = Candidates(columns, _records(reader, columns))
        found.check()
        if not found:
            raise ValueError("no candidate in it")
    except (ValueError, OverflowError, csv.Error) as error:
        hint = "delete it: the space is then priced again"
        raise InvalidFile(path, shown(str(error), 200), reader.line_num, hint) from None
    return found


def _nothing_feasible(space: SearchSpace, rows: Candidates) -> NothingFeasible:
    """The error that shows which candidates come nearest to fitting, and what they lack."""
    deployable = rows.are("deployable", True)
    if not deployable.any():
        return NothingFeasible(
            f"no format of space '{space.name}' runs on the target's accelerator",
            f"add the format {rows.columns.chip.format} to the space",
        )
    places = (deployable & ~rows.are("status", ACCEPTED)).nonzero()[0]
    refused = [rows[place] for place in places.tolist()]
    nearest = sorted(refused, key=_violation)[:SHOWN_VIOLATIONS]
    shown = "\n".join(f"  {row.id}: {row.message}" for row in nearest)
    return NothingFeasible(
        f"none of {len(rows)} candidates of space '{space.name}' fits the target. "
        f"Nearest to it:\n{shown}",
        "widen the space to smaller inputs or widths, or take a target with more memory",
    )


def _violation(row: CandidateRow) -> tuple[float, str]:
    """By how much a candidate misses its limit, as a share of the limit."""
    needed, allowed = row.needed_bytes, row.allowed_bytes
    return (needed / allowed if needed and allowed else float("inf"), row.id)


def _csv_lines(path: Path) -> Iterator[str]:
    """The lines of a CSV file, none of which is longer than any of ours."""
    with open_regular(path) as file, reported(path, "read"):
        while line := file.readline(CSV_LINE_BYTES):
            yield line.decode()


def _records(lines: Iterator[list[str]], columns: StudyColumns) -> Iterator[list[Any]]:
    """The values of a line of candidates.csv that are kept. Raises ValueError."""
    names, kept = columns.names("candidates"), kept_columns(columns)
    readers = [_READ.get(column.kind, column.kind) for column in kept]
    header = next(lines, None)
    older = header == [name for name in names if name not in USUAL]
    if header != names and not older:
        raise ValueError(f"its columns must be {', '.join(names)}")
    for line in lines:
        if header is None or len(line) != len(header):
            raise ValueError(f"its columns must be {', '.join(names)}")
        if older:
            for name, value in USUAL.items():
                line.insert(names.index(name), value)
        values = line[len(names) - len(kept) :]
        yield [read(value) for read, value in zip(readers, values, strict=True)]


def _input_size(text: str) -> InputSize:
    try:
        return Canvas.of(text).input_size
    except UsageError as error:
        raise ValueError(str(error)) from None


_READ: dict[type, Callable[[str], Any]] = {bool: "True".__eq__, Canvas: _input_size}
"""How a value is read that is not simply made of its text."""
