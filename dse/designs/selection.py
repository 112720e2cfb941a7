"""One design out of a finished study: the best, or the one that a name or number means."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dse.chips.registry import CHIPS
from dse.errors import NothingFeasible, UnknownName, UsageError
from dse.schema import shown
from dse.study.best_design import PREFERENCES, Choice, choose_among, deployable_rows
from dse.study.columns import study_columns
from dse.study.folder import shared_cache

if TYPE_CHECKING:
    from dse.columns import Column
    from dse.study.record import StudyRecord
    from dse.study.rows import OutcomeRow
    from dse.workers.training_job import Job

__all__ = [
    "PREFERENCES",
    "AtMost",
    "choose_best",
    "choose_design",
    "job_of",
    "limit_names",
    "parse_limit",
]


@dataclass(frozen=True)
class AtMost:
    """A limit of the user's own, such as latency_ms = 60."""

    name: str
    value: float


def limit_names() -> list[str]:
    """The costs that a limit may be set on, of whatever chip."""
    return list(dict.fromkeys(name for chip in CHIPS for name in study_columns(chip).names("axes")))


def parse_limit(text: str) -> AtMost:
    """The limit that `NAME=NUMBER` means. Raises UnknownName or UsageError."""
    name, _, number = text.partition("=")
    if name not in limit_names():
        raise UnknownName("limit", shown(name), limit_names())
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        why = f"'{shown(text)}' has no number from 0 on"
        raise UsageError(why, f"such as --limit {name}=60")
    return AtMost(name, value)


def choose_design(
    record: StudyRecord, wanted: str, limits: Sequence[AtMost] = (), prefer: str = "latency"
) -> OutcomeRow:
    """The row of `record` that `wanted` means: "best" (as of `choose_best`), a candidate, a
    training or a trial number. Raises UnknownName, or as `choose_best`."""
    if wanted == "best":
        return choose_best(record, limits, prefer).row
    return _named([row for row in record.rows if row.state in ("front", "dominated")], wanted)


def choose_best(
    record: StudyRecord, limits: Sequence[AtMost] = (), prefer: str = "latency"
) -> Choice[OutcomeRow]:
    """The design to ship, as of `dse.study.best_design`, among the deployable ones within `limits`.

    Raises UnknownName for another preference, NothingFeasible where no design qualifies.
    """
    deployable = deployable_rows(record)
    columns = [_column(record, limit) for limit in limits]
    fitting = [
        row
        for row in deployable
        if all(column.of(row) <= one.value for column, one in zip(columns, limits, strict=True))
    ]
    choice = choose_among(record.path, fitting, prefer)
    if choice is None:
        raise NothingFeasible(
            f"no trained design of {record.name} is deployable within the limits",
            _nearest(deployable, columns),
        )
    return choice


def job_of(record: StudyRecord) -> Job:
    """What the trainings of `record` had in common: data, recipe, weights, cache."""
    from dse.workers.backend import default_backend

    cache = shared_cache(record.path.parent)
    job: Job = default_backend().make_job(record.settings, cache)
    return job


def _column(record: StudyRecord, limit: AtMost) -> Column:
    """The column that is limited. Raises UnknownName where the study's chip has no such cost."""
    known = record.columns.names("axes")
    if limit.name not in known:
        raise UnknownName("limit", limit.name, known)
    return record.columns[limit.name]


def _named(rows: Sequence[OutcomeRow], wanted: str) -> OutcomeRow:
    for row in rows:
        if wanted == row.id:
            return row
        if row.deployable and wanted in (str(row.trial), row.training.id):
            return row
    known = {row.id for row in rows} | {"best"}
    raise UnknownName("design", wanted, known)


def _nearest(rows: Sequence[OutcomeRow], columns: Sequence[Column]) -> str:
    if not rows:
        return "search a space with a format that the chip computes in"
    worst = [f"{one.name} is {min(map(one.of, rows)):g} or more" for one in columns]
    return "in this study " + ", ".join(worst)
