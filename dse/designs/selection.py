"""One design out of a finished study: the best, or the one that a name or number means."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

from dse.errors import NothingFeasible, UnknownName, UsageError
from dse.schema import shown
from dse.study.columns import study_columns
from dse.study.folder import shared_cache

if TYPE_CHECKING:
    from dse.columns import Column
    from dse.study.record import StudyRecord
    from dse.study.rows import OutcomeRow
    from dse.workers.training_job import Job

__all__ = [
    "LIMITS",
    "PREFERENCES",
    "AtMost",
    "choose_design",
    "job_of",
    "parse_limit",
]

PREFERENCES = ("ap", "size", "latency")
AP_GIVEN_UP = 0.02
"""What `size` and `latency` may cost: the cheapest design within two points of the best AP."""

LIMITS = tuple(study_columns().names("axes"))
_COST_OF = {"size": attrgetter("file_bytes"), "latency": attrgetter("latency_ms")}


@dataclass(frozen=True)
class AtMost:
    """A limit of the user's own, such as latency_ms = 60."""

    name: str
    value: float


def parse_limit(text: str) -> AtMost:
    """The limit that `NAME=NUMBER` means. Raises UnknownName or UsageError."""
    name, _, number = text.partition("=")
    if name not in LIMITS:
        raise UnknownName("limit", shown(name), LIMITS)
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        why = f"'{shown(text)}' has no number from 0 on"
        raise UsageError(why, f"such as --limit {name}=60")
    return AtMost(name, value)


def choose_design(
    record: StudyRecord, wanted: str, limits: Sequence[AtMost] = (), prefer: str = "ap"
) -> OutcomeRow:
    """The row of `record` that `wanted` means: "best", a candidate, a training or a trial number.

    "best" is among the deployable designs within `limits`: the highest AP (the kmodel's own
    where it was measured), or with `prefer` "size" or "latency" the cheapest whose AP is
    within 0.02 of that. Raises UnknownName, or NothingFeasible where no design qualifies.
    """
    if prefer not in PREFERENCES:
        raise UnknownName("preference", prefer, PREFERENCES)
    trained = [row for row in record.rows if row.state in ("front", "dominated")]
    if wanted != "best":
        return _named(trained, wanted)
    deployable = [row for row in trained if row.deployable]
    columns = [record.columns[limit.name] for limit in limits]
    fitting = [
        row
        for row in deployable
        if all(column.of(row) <= one.value for column, one in zip(columns, limits, strict=True))
    ]
    if not fitting:
        raise NothingFeasible(
            f"no trained design of {record.name} is deployable within the limits",
            _nearest(deployable, columns),
        )
    best = max(map(_ap, fitting))
    if prefer == "ap":
        return max(fitting, key=lambda row: (_ap(row), -row.latency_ms))
    close = [row for row in fitting if _ap(row) >= best - AP_GIVEN_UP]
    return min(close, key=lambda row: (_COST_OF[prefer](row), -_ap(row)))


def job_of(record: StudyRecord) -> Job:
    """What the trainings of `record` had in common: data, recipe, weights, cache."""
    from dse.workers.backend import default_backend

    cache = shared_cache(record.path.parent)
    job: Job = default_backend().make_job(record.settings, cache)
    return job


def _named(rows: Sequence[OutcomeRow], wanted: str) -> OutcomeRow:
    for row in rows:
        if wanted == row.id:
            return row
        if row.deployable and wanted in (str(row.trial), row.training.id):
            return row
    known = {row.id for row in rows} | {"best"}
    raise UnknownName("design", wanted, known)


def _ap(row: OutcomeRow) -> float:
    """The file's own AP where it was measured, the emulated one elsewhere."""
    return row.ap if math.isnan(row.file_ap) else row.file_ap


def _nearest(rows: Sequence[OutcomeRow], columns: Sequence[Column]) -> str:
    if not rows:
        return "search a space with a format that the chip computes in"
    worst = [f"{one.name} is {min(map(one.of, rows)):g} or more" for one in columns]
    return "in this study " + ", ".join(worst)
