"""The record of a study, trial by trial: what an entry holds, and what every journal can do.

`file_journal` keeps it in the study's folder, where one driver writes; `shared_journal` in a
database, where several do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from dse.space import SearchSpace, Training

__all__ = ["WARM", "Entry", "Journal", "or_nan"]

WARM = "warm_from"
"""Key of an outcome that comes from another study, and names it."""


@dataclass(frozen=True)
class Entry:
    """One trial as recorded.

    state: "running" (or interrupted), "complete", "stopped" or "failed".
    outcome: what the training reported; {"error": ...} of a failed one.
    measures: of the file compiled from it, if taken.
    elapsed_s: search time when it ended, summed over interruptions.
    elsewhere: it is another driver's, and its files are on that driver's disk.
    """

    number: int
    training: Training
    state: str
    outcome: dict[str, Any] = field(default_factory=dict)
    measures: dict[str, Any] | None = None
    elapsed_s: float = 0.0
    ended: datetime | None = None
    elsewhere: bool = False

    def ap(self, format: str) -> float:
        """AP in `format`, 0..1; NaN where it was not measured."""
        return or_nan((self.outcome.get("ap") or {}).get(format))

    def ap_by_class(self, format: str) -> dict[str, float]:
        """AP of each class in `format`, 0..1, of those that the pictures show; empty where there
        is one class."""
        told = (self.outcome.get("ap_by_class") or {}).get(format) or {}
        return {name: float(ap) for name, ap in told.items() if ap is not None}


def or_nan(value: float | None) -> float:
    """A figure of the record, which has no word for NaN."""
    return math.nan if value is None else float(value)


class Journal(Protocol):
    """Writes and reads the trials of one study.

    Lifetime: `with journal:` around a search; `start` a training, then once `finish`, `stop` or
    `fail` it; `measured` adds the figures of its compiled file later. What a call wrote is safe
    when the call returns.
    """

    def __enter__(self) -> Any: ...

    def __exit__(self, *error: object) -> None: ...

    def start(self, training: Training, space: SearchSpace) -> int | None:
        """Opens a trial for `training`. Returns its number; None where another driver has the
        training."""

    def adopt(
        self,
        training: Training,
        space: SearchSpace,
        values: Sequence[float],
        outcome: Mapping[str, Any],
    ) -> None:
        """Enters a training that was finished in another study; values as of `finish`."""

    def finish(
        self, number: int, values: Sequence[float], outcome: Mapping[str, Any], elapsed_s: float
    ) -> None:
        """Closes a trial as complete; values: AP, latency in ms, bytes of the compiled file."""

    def stop(self, number: int, outcome: Mapping[str, Any], elapsed_s: float) -> None:
        """Closes a trial as stopped early."""

    def fail(self, number: int, error: Mapping[str, Any], elapsed_s: float) -> None:
        """Closes a trial as failed."""

    def measured(self, training: Training, measures: Mapping[str, Any]) -> None:
        """Adds the measures of the file compiled from a training."""

    def entries(self) -> list[Entry]:
        """Every trial, by number."""

    def entry(self, number: int) -> Entry | None:
        """One trial, None if it was given up; costs the same however many there are."""

    def news(self) -> bool:
        """Whether another driver may have written since this was last asked."""

    def orphans(self) -> list[Training]:
        """Trainings that another driver began and, being dead, will not finish."""
