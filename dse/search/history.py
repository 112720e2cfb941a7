"""What a search knows of its trials, kept up to date trial by trial.

Whatever is asked at every decision is ready: nothing here is computed from all trials again.
"""

from __future__ import annotations

import math
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Iterable

from dse.pareto import Front, ObjectiveBox
from dse.search.proposers import Observation
from dse.search.stopping import FinishedCurve
from dse.search.time_left import Took
from dse.study.journal import WARM, Entry, or_nan
from dse.study.plan import SearchPlan

__all__ = ["TrialHistory"]


class TrialHistory:
    """The trials of one search.

    Lifetime: made of the entries that the journal holds; then `note` each trial when it ends.

    observations: what the proposer is told, in the order in which the trainings ended. Those that
    had failed already are left out: they may be wanted again. elsewhere: what other drivers are
    training. states: trials by their state.
    took: what the trainings took that were done for this search.
    reused: complete ones that came from another study. hypervolume: as `hypervolume_share`.
    """

    def __init__(
        self, plan: SearchPlan, entries: Iterable[Entry], learn: Callable[[FinishedCurve], None]
    ) -> None:
        """learn: told the curve of every training that ran to its end."""
        self.observations: list[Observation] = []
        self.states: Counter[str] = Counter()
        self.took: list[Took] = []
        self.reused = 0
        self.hypervolume = 0.0
        self._plan, self._learn = plan, learn
        self._ends: list[tuple[float, int]] = []  # of the observations
        self._front, self._box = Front(), ObjectiveBox.around(plan.designs)
        self._noted: set[int] = set()
        self._read(entries, failed_before=True)

    def update(self, entries: Iterable[Entry]) -> None:
        """Takes in what is new in `entries`, all that the journal holds: other drivers wrote."""
        self._read(entries, failed_before=False)

    def _read(self, entries: Iterable[Entry], failed_before: bool) -> None:
        ordered = sorted(entries, key=_end)
        self.elsewhere = [e.training for e in ordered if e.elsewhere and e.state == "running"]
        for entry in ordered:
            self.note(entry, failed_before and entry.state == "failed")

    @property
    def on_front(self) -> int:
        """Designs of which none is beaten by another."""
        return len(self._front.values)

    @property
    def counted(self) -> int:
        """Trainings that the budget has paid for."""
        return self.states["complete"] + self.states["stopped"] - self.reused

    @property
    def trials(self) -> int:
        """Those that have ended, the failed ones too."""
        return self.states.total()

    def note(self, entry: Entry, failed_before: bool = False) -> None:
        """Takes in a trial, the first time; nothing is known of one that is running."""
        if entry.state == "running" or entry.number in self._noted:
            return
        self._noted.add(entry.number)
        self.states[entry.state] += 1
        self.reused += WARM in entry.outcome
        seconds = or_nan(entry.outcome.get("seconds"))
        if seconds > 0 and WARM not in entry.outcome:
            self.took.append(Took(entry.training, seconds, entry.state == "complete"))
        if failed_before:
            return
        place = bisect(self._ends, _end(entry))
        seen = _observation(entry, self._plan)
        self._ends.insert(place, _end(entry))
        self.observations.insert(place, seen)
        if entry.state == "complete":
            self._grow(entry, seen)

    def _grow(self, entry: Entry, seen: Observation) -> None:
        """A complete training: one more curve, and perhaps a larger front."""
        row = self._plan.deployable_row(entry.training)
        point = (seen.ap, row.latency_ms, row.file_bytes)
        before = self._front.values
        if self._front.add(point):
            self.hypervolume += self._box.gain(point, before)
        curve = entry.outcome.get("curve") or []
        if curve:
            rows = [(row["epoch"], row["epochs"], or_nan(row["val_ap"])) for row in curve]
            self._learn(FinishedCurve(entry.training, rows))


def _end(entry: Entry) -> tuple[float, int]:
    return entry.elapsed_s, entry.number


def _observation(entry: Entry, plan: SearchPlan) -> Observation:
    """What the proposer sees of a trial that ended; NaN for what was not measured."""
    format = plan.deployable_row(entry.training).format
    return Observation(
        training=entry.training,
        ap=entry.ap(format) if entry.state == "complete" else math.nan,
        val_ap=or_nan(entry.outcome.get("val_ap")),
        stopped=entry.state == "stopped",
    )
