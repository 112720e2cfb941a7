"""The time of a search: of this run, and summed over all interruptions."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from time import monotonic

from dse.study.journal import Entry

__all__ = ["SearchClock"]


@dataclass(frozen=True)
class SearchClock:
    """began: when this run did, on the monotonic clock. elapsed_before_s: by the runs before it.

    time_limit_s: of this run; None: there is none.
    """

    began: float
    elapsed_before_s: float = 0.0
    time_limit_s: float | None = None

    @classmethod
    def going_on(
        cls, began: float, entries: Iterable[Entry], time_limit_s: float | None = None
    ) -> SearchClock:
        """The clock of a study whose journal holds `entries`."""
        before_s = max((entry.elapsed_s for entry in entries), default=0.0)
        return cls(began, before_s, time_limit_s)

    @property
    def spent_s(self) -> float:
        """Time of this run."""
        return monotonic() - self.began

    @property
    def elapsed_s(self) -> float:
        """Search time, summed over interruptions."""
        return self.elapsed_before_s + self.spent_s

    @property
    def time_is_up(self) -> bool:
        """Whether this run has had its time."""
        return self.time_limit_s is not None and self.spent_s >= self.time_limit_s

    def within_limit(self, left_s: float) -> float | None:
        """So many seconds, or what is left of the run's time; None for NaN."""
        if math.isnan(left_s):
            return None
        if self.time_limit_s is not None:
            left_s = min(left_s, max(0.0, self.time_limit_s - self.spent_s))
        return left_s
