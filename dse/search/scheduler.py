"""Decides: which training comes next, whether one goes on, and when the search is over.

It reads no clock and no file, and writes none: whoever asks tells it what happened. The same
history gives the same decisions, so a resumed search decides as the killed one would have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from dse.search.history import TrialHistory
from dse.search.progress import UnderWay
from dse.search.proposers import make_proposer
from dse.search.stopping import DominanceStopper
from dse.search.time_left import Took, seconds_left
from dse.space import Training
from dse.study.audit import BEATEN
from dse.study.journal import Entry
from dse.study.outcomes import front_of
from dse.study.plan import SearchPlan
from dse.study.settings import SearchSettings
from dse.workers.executor import Epoch, Task, TrialAction, Wait

__all__ = ["MAX_FAILURES_IN_A_ROW", "Measuring", "Scheduler"]

MAX_FAILURES_IN_A_ROW = 3
"""Then the cause is not in the designs, and the search ends instead of burning through them."""

WORTH = 3e-4
"""Of hypervolume, as a share of the box: a search that stops early ends when no design that is left
is expected to add so much (`docs/search.md` says what other thresholds would cost and bring)."""

BYTES_PER_PARAMETER = 16
"""Of a training on the disk: weights, and a checkpoint with Adam's two moments, float32."""


@dataclass
class _Trial:
    """A training under way. curve: its reports by epoch. beaten: as `dse.study.audit.BEATEN`."""

    training: Training
    curve: dict[int, Epoch] = field(default_factory=dict)
    beaten: dict[str, Any] | None = None

    @property
    def under_way(self) -> UnderWay:
        """How far it is."""
        last = self.curve[max(self.curve)] if self.curve else None
        return UnderWay(self.training.id, last.epoch if last else 0, last.epochs if last else 0)

    @property
    def took(self) -> Took:
        """What the whole training takes at the pace of its epochs so far, of which there are."""
        return Took(self.training, self.so_far_s / self.under_way.share)

    @property
    def so_far_s(self) -> float:
        """Seconds until its last report."""
        return self.curve[max(self.curve)].seconds if self.curve else 0.0


@dataclass
class Measuring:
    """The compiled files of the front: those to be measured yet, and counts."""

    tasks: list[Task]
    wanted: int
    done: int = 0


class Scheduler:
    """The decisions of one search.

    Lifetime: made of what the journal holds. Ask `next_step`; for a `Training` that it gives,
    open a trial and say `began`, or `update` where another driver has it. Pass every report to
    `judge`; say `ended` or `paused` once for each task that began. When `next_step` has nothing
    more, `begin_measuring`, and ask `next_measure`.

    Trainings that the journal holds as running come first, under their own number. A design
    that failed is not tried again before the next resume.
    """

    def __init__(
        self, plan: SearchPlan, settings: SearchSettings, entries: Sequence[Entry]
    ) -> None:
        """entries: all that the journal holds."""
        self._plan, self._settings = plan, settings
        self._proposer = make_proposer(
            settings.proposer, plan.designs, settings.seed, budget=max(1, settings.budget)
        )
        self._stopper = DominanceStopper(plan.designs) if settings.early_stopping else None
        learn = self._stopper.learn if self._stopper else _ignore
        self.history = TrialHistory(plan, entries, learn)
        self.measuring: Measuring | None = None
        self.ended_here = 0
        self._worked_here_s = 0.0
        self._most_running = 0
        self._foreseen: tuple[tuple[object, ...], list[Training]] = ((), [])
        self._interrupted = [e for e in entries if e.state == "running" and not e.elsewhere]
        self._orphans: list[Training] = []
        self._running: dict[int, _Trial] = {}
        self._nothing_to_gain = False
        self._failures_in_a_row = 0

    @property
    def running(self) -> int:
        """Trainings under way here."""
        return len(self._running)

    @property
    def left(self) -> int:
        """Trainings that are still to begin, at most."""
        begun = self.history.trials + self.running
        in_budget = self._settings.budget - self.history.counted - self.running
        return max(0, min(in_budget, len(self._plan.designs) - begun))

    @property
    def under_way(self) -> list[UnderWay]:
        """The trainings under way here, and how far each is."""
        return [trial.under_way for _, trial in sorted(self._running.items())]

    def seconds_left(self, spent_s: float) -> float:
        """Seconds until the search is over, by what its trainings took; NaN as long as none says.

        spent_s: by this run so far. A replay does in a moment what took minutes, so that trainings
        at a time are counted by what they took, too.
        """
        took = self.history.took or [one.took for one in self._running.values() if one.curve]
        at_a_time = max(1, self._most_running, self._worked_here_s / max(spent_s, 1e-3))
        running = [(trial.training, trial.so_far_s) for trial in self._running.values()]
        to_measure = self.history.on_front if self._settings.measure_kmodels else 0
        if self.measuring:
            to_measure = self.measuring.wanted - self.measuring.done
        return seconds_left(took, running, self._coming(), to_measure, at_a_time)

    def _coming(self) -> list[Training]:
        """The trainings that are expected to begin yet."""
        if self.measuring:
            return []
        running = self._claimed()
        state: tuple[object, ...] = (self.history.trials, *running)
        if self._foreseen[0] != state:
            most, least_gain = self.left - len(self._interrupted), WORTH if self._stopper else 0.0
            seen = self.history.observations
            found = self._proposer.forecast(seen, running, max(0, most), least_gain)
            self._foreseen = state, found
        return [*(entry.training for entry in self._interrupted), *self._foreseen[1]]

    def _claimed(self) -> list[str]:
        """Ids of the trainings under way, here and elsewhere."""
        here = [trial.training for trial in self._running.values()]
        return [training.id for training in (*here, *self.history.elsewhere)]

    @property
    def nothing_to_gain(self) -> bool:
        """Whether no design that is left was expected to add to the front."""
        return self._nothing_to_gain

    @property
    def keeps_failing(self) -> bool:
        """Whether so many trainings failed in a row that the search should end."""
        return self._failures_in_a_row >= MAX_FAILURES_IN_A_ROW

    def needed_bytes(self) -> int:
        """Disk space that the trainings to come will take, roughly."""
        trainings = max(1, self._settings.budget - self.history.counted)
        return trainings * self._plan.largest_parameters * BYTES_PER_PARAMETER

    def update(self, entries: Sequence[Entry], orphans: Sequence[Training] | None = None) -> None:
        """Takes in what other drivers wrote. orphans: what they began and will not finish; None:
        nothing new is known of that."""
        if orphans is not None:
            self._orphans = list(orphans)
        self.history.update(entries)

    def next_step(self, time_is_up: bool) -> Task | Training | Wait | None:
        """A training that was interrupted; a new one; Wait; None where nothing is left to train.

        With other drivers at work, the last one waits for their trainings to end: if they do
        not, they are its own.
        """
        step = None if time_is_up else self._next_training()
        return Wait() if step is None and self._running else step

    def began(self, training: Training, number: int) -> Task:
        """The task of trial `number`, which counts as running from now on."""
        self._running[number] = _Trial(training)
        self._most_running = max(self._most_running, len(self._running))
        return Task("train", training, number)

    def judge(self, task: Task, report: Epoch, time_is_up: bool) -> TrialAction:
        """What becomes of a training after an epoch: it stops when it can no longer matter."""
        trial = self._running.get(task.number)
        if trial:
            trial.curve[report.epoch] = report
        if report.epoch >= report.epochs:
            return TrialAction.CONTINUE
        if time_is_up:
            return TrialAction.PAUSE
        if self._stopper is None or trial is None:
            return TrialAction.CONTINUE
        rows = [(seen.epoch, seen.epochs, seen.val_ap) for _, seen in sorted(trial.curve.items())]
        decision = self._stopper.may_continue(task.training, rows)
        if decision.beaten_by and trial.beaten is None:
            last = rows[-1][0]
            trial.beaten = {"epoch": last, "bound": decision.bound, "by": decision.beaten_by}
        return TrialAction.STOP if decision.stop else TrialAction.CONTINUE

    def outcome(self, task: Task, result: dict[str, Any]) -> dict[str, Any]:
        """A training's result, with what was noted of it on the way."""
        beaten = self._running[task.number].beaten
        return {**result, BEATEN: beaten} if beaten else result

    def stopped_outcome(self, task: Task) -> dict[str, Any]:
        """What is known of a training that STOP ended, from its reports."""
        trial = self._running[task.number]
        curve = [report for _, report in sorted(trial.curve.items())]
        return {
            BEATEN: trial.beaten,
            "training_id": task.training.id,
            "epochs": len(curve),
            "stopped": True,
            "seconds": curve[-1].seconds if curve else 0.0,
            "val_ap": curve[-1].val_ap if curve else None,
            "ap": {},
            "ap_square": {},
            "curve": [asdict(report) for report in curve],
        }

    def ended(self, task: Task, entry: Entry | None, failed: bool = False) -> None:
        """A training ended. entry: as it was recorded; None where the record was given up."""
        self._running.pop(task.number, None)
        self.ended_here += 1
        self._failures_in_a_row = self._failures_in_a_row + 1 if failed else 0
        if entry:
            self.history.note(entry)
            self._worked_here_s += entry.outcome.get("seconds") or 0.0

    def paused(self, task: Task) -> None:
        """A training was left in the middle, for a later run."""
        self._running.pop(task.number, None)

    def begin_measuring(self, entries: Sequence[Entry]) -> None:
        """From here on only the front is measured: of its deployable designs the compiled files,
        and the formats that no training ends with, where that is not done yet. entries: all that
        the journal holds."""
        tasks = self._front_to_measure(entries) if self._settings.measure_kmodels else []
        self.measuring = Measuring(tasks, len(tasks))

    def next_measure(self) -> Task | None:
        """The next compiled file to measure; None: the search is over."""
        return self.measuring.tasks.pop(0) if self.measuring and self.measuring.tasks else None

    def measured(self) -> None:
        """A compiled file was measured."""
        if self.measuring:
            self.measuring.done += 1

    def _next_training(self) -> Task | Training | Wait | None:
        if self._interrupted:
            entry = self._interrupted.pop(0)
            return self.began(entry.training, entry.number)
        begun = self.history.counted + self.running + len(self.history.elsewhere)
        if begun < self._settings.budget:
            training = self._orphans.pop(0) if self._orphans else self._propose()
            if training is not None:
                return training
        return Wait() if self.history.elsewhere else None

    def _propose(self) -> Training | None:
        """What the proposer wants next, if it is worth training.

        Failures of earlier runs may be wanted again.
        """
        training = self._proposer.propose(self.history.observations, self._claimed())
        gain = self._proposer.expected_gain
        self._nothing_to_gain = self._stopper is not None and training is not None and gain < WORTH
        return None if self._nothing_to_gain else training

    def _front_to_measure(self, entries: Sequence[Entry]) -> list[Task]:
        complete = {e.training.id: e for e in entries if e.state == "complete"}
        front = front_of(self._plan.rows, list(complete.values()))
        designs = [complete[row.training.id] for row in front if row.deployable]
        return [
            Task("measure", e.training, e.number)
            for e in designs
            if not e.elsewhere and not self._is_measured(e)
        ]

    def _is_measured(self, entry: Entry) -> bool:
        """Whether a finished training lacks neither its file's measures nor a format's AP."""
        known = entry.outcome.get("ap") or {}
        return entry.measures is not None and known.keys() >= set(self._plan.space.format)


def _ignore(curve: object) -> None:
    """What becomes of a finished curve when nothing is stopped early."""
