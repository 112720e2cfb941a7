"""Decides what runs next and writes down what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from time import monotonic
from typing import Any

from dse.errors import StudyError
from dse.search.interruption import Interruption
from dse.search.past import Past
from dse.search.progress import Progress, Standing
from dse.search.proposers import make_proposer
from dse.search.stopping import DominanceStopper
from dse.space import Training
from dse.study.audit import BEATEN
from dse.study.disk import full_disk_error, full_disk_reported
from dse.study.folder import StudyFolder
from dse.study.journal import Journal, or_nan
from dse.study.options import SearchOptions
from dse.study.outcomes import front_of
from dse.study.plan import SearchPlan
from dse.workers.executor import Desk, Epoch, Failure, Say, Task, Wait

__all__ = ["SearchDesk"]

MAX_FAILURES_IN_A_ROW = 3
"""Then the cause is not in the designs, and the search ends instead of burning through them."""

WORTH = 1e-4
"""Of hypervolume, as a share of the box: a search that stops early ends when no design that is left
is expected to add so much. On recorded trainings of two spaces it so ended after 13 to 49 of 50, at
most 0.001 short of what all 50 reach (`benchmarks/search_contest.py`)."""

BYTES_PER_PARAMETER = 16
"""Of a training on the disk: weights, and a checkpoint with Adam's two moments, float32."""


class SearchDesk(Desk):
    """The driver's side of an executor.

    Everything it knows of the past it takes from the journal, so a resumed search decides
    as the killed one would have. Trainings the journal holds as running are taken up first,
    under their own number. A design that failed is not tried again before the next resume.
    """

    def __init__(
        self,
        folder: StudyFolder,
        options: SearchOptions,
        plan: SearchPlan,
        journal: Journal,
        progress: Progress,
        interruption: Interruption,
        began: float,
    ) -> None:
        """options: with the study's settings filled in. The study's lock is held.

        began: when this run did, on the monotonic clock, seconds.
        """
        self._folder, self._options, self._plan = folder, options, plan
        self._journal, self._progress, self._interruption = journal, progress, interruption
        self._budget = 0 if options.budget is None else options.budget
        self._proposer = make_proposer(
            options.proposer or "composite",
            plan.designs,
            options.seed or 0,
            budget=max(1, self._budget),
        )
        self._stopper = DominanceStopper(plan.designs) if options.early_stopping else None
        entries = journal.entries()
        self._past = Past(plan, entries, self._stopper.learn if self._stopper else _ignore)
        self._interrupted = [
            entry for entry in entries if entry.state == "running" and not entry.elsewhere
        ]
        self._reports: dict[int, dict[int, Epoch]] = {}
        self._beaten: dict[int, dict[str, Any]] = {}
        self._running: dict[int, Training] = {}
        self._orphans: list[Training] = []
        self._kmodels: list[Task] | None = None
        self._kmodels_done, self._kmodels_wanted = 0, 0
        self._nothing_to_gain = False
        self._failures_in_a_row = 0
        self._ended_here = 0
        self._started = began
        self._elapsed_before = max((entry.elapsed_s for entry in entries), default=0.0)

    @property
    def elapsed_s(self) -> float:
        """Search time, summed over interruptions."""
        return self._elapsed_before + monotonic() - self._started

    def next_task(self) -> Task | Wait | None:
        """A training while budget and time last, then the kmodels of the front.

        With other drivers at work, the last one waits for their trainings to end: if they do
        not, they are its own.
        """
        if self._journal.news():
            self._orphans = self._journal.orphans()
            self._past.update(self._journal.entries())
        task = None if self._time_is_up() else self._next_training()
        if task is not None:
            return task
        if self._running:
            return Wait()
        if self._kmodels is None and self._nothing_to_gain:
            self._progress.say(
                f"ends after {self._past.counted} of {self._budget} trainings: no design that is "
                "left is expected to add to the front"
            )
        if self._kmodels is None:
            self._kmodels = self._front_to_measure()
            self._kmodels_wanted = len(self._kmodels)
        return self._kmodels.pop(0) if self._kmodels else None

    def _next_training(self) -> Task | Wait | None:
        """One that was interrupted, then what is proposed; None where nothing is left to train."""
        if self._interrupted:
            entry = self._interrupted.pop(0)
            return self._begin(entry.training, entry.number)
        past = self._past
        while past.counted + len(self._running) + len(past.elsewhere) < self._budget:
            training = self._orphans.pop(0) if self._orphans else self._propose()
            if training is None:
                break
            with self._writing():
                number = self._journal.start(training, self._plan.space)
            if number is not None:
                return self._begin(training, number)
            past.update(self._journal.entries())
        return Wait() if past.elsewhere else None

    def reported(self, task: Task, report: Epoch) -> Say:
        """Remembers the epoch; stops a training that can no longer matter."""
        curve = self._reports.setdefault(task.number, {})
        curve[report.epoch] = report
        if report.epoch >= report.epochs:
            return Say.CONTINUE
        if self._time_is_up():
            return Say.PAUSE
        if self._stopper is None:
            return Say.CONTINUE
        rows = [(seen.epoch, seen.epochs, seen.val_ap) for _, seen in sorted(curve.items())]
        decision = self._stopper.may_continue(task.training, rows)
        if decision.beaten_by:
            found = {"epoch": rows[-1][0], "bound": decision.bound, "by": decision.beaten_by}
            self._beaten.setdefault(task.number, found)
        return Say.STOP if decision.stop else Say.CONTINUE

    def finished(self, task: Task, result: dict[str, Any]) -> None:
        """Records an outcome, or a kmodel's measures."""
        if task.kind == "measure":
            self._measured(task, result)
            return
        beaten = self._beaten.pop(task.number, None)
        result = {**result, BEATEN: beaten} if beaten else result
        if result["stopped"]:
            self._end_stopped(task, result)
            return
        row = self._plan.deployable_row(task.training)
        ap = result["ap"].get(row.format)
        if ap is None:
            self.failed(task, Failure(f"no AP was measured in {row.format}"))
            return
        with self._writing():
            values = (ap, row.latency_ms, row.file_bytes)
            self._journal.finish(task.number, values, result, self.elapsed_s)
        self._failures_in_a_row = 0
        self._ended(task, f"{task.training.id} AP {ap:.4f}")

    def stopped(self, task: Task) -> None:
        """Records a training that STOP ended, from its reports."""
        curve = [report for _, report in sorted(self._reports.get(task.number, {}).items())]
        outcome = {
            BEATEN: self._beaten.pop(task.number, None),
            "training_id": task.training.id,
            "epochs": len(curve),
            "stopped": True,
            "seconds": curve[-1].seconds if curve else 0.0,
            "val_ap": curve[-1].val_ap if curve else None,
            "ap": {},
            "ap_square": {},
            "curve": [asdict(report) for report in curve],
        }
        self._end_stopped(task, outcome)
        (self._folder.training(task.training.id) / "checkpoint.npz").unlink(missing_ok=True)

    def paused(self, task: Task) -> None:
        """Leaves the trial open in the journal: a resumed search takes it up."""
        self._running.pop(task.number, None)
        self._progress.event(f"{task.training.id} left for --resume", self.standing)

    def failed(self, task: Task, failure: Failure) -> None:
        """Records why; raises StudyError for a full disk, or failure after failure."""
        if failure.disk_full:
            raise full_disk_error(self._folder.path, self._needed_bytes())
        if task.kind == "measure":
            self._progress.say(f"kmodel of {task.training.id}: {failure.message}")
            return
        with self._writing():
            error = {"error": failure.message, "traceback": failure.traceback}
            self._journal.fail(task.number, error, self.elapsed_s)
        self._failures_in_a_row += 1
        self._ended(task, f"{task.training.id} failed: {failure.message}")
        if self._failures_in_a_row >= MAX_FAILURES_IN_A_ROW:
            raise StudyError(
                f"{self._failures_in_a_row} trainings in a row failed, the last with "
                f"{failure.message}",
                "remove the cause, then run again with --resume; the journal has tracebacks",
            )

    def tick(self) -> None:
        """Shows progress; raises KeyboardInterrupt if a signal came while that was put off."""
        self._interruption.check()
        self._progress.tick(self.standing)

    def standing(self) -> Standing:
        """Where the search stands, for people."""
        past = self._past
        kmodels = None
        if self._kmodels is not None:
            kmodels = (self._kmodels_done, self._kmodels_wanted)
        return Standing(
            trained=past.states["complete"] - past.reused,
            reused=past.reused,
            stopped=past.states["stopped"],
            failed=past.states["failed"],
            running=len(self._running),
            budget=self._budget,
            rejected=self._plan.rejected,
            hypervolume=past.hypervolume,
            elapsed_s=self.elapsed_s,
            left_s=self._left_s(),
            measuring=kmodels,
        )

    def _begin(self, training: Training, number: int) -> Task:
        self._running[number] = training
        return Task("train", training, number)

    def _propose(self) -> Training | None:
        """What the proposer wants next, if it is worth training.

        Failures of earlier runs may be wanted again.
        """
        running = [training.id for training in (*self._running.values(), *self._past.elsewhere)]
        training = self._proposer.propose(self._past.observations, running)
        gain = self._proposer.expected_gain
        self._nothing_to_gain = self._stopper is not None and training is not None and gain < WORTH
        return None if self._nothing_to_gain else training

    def _front_to_measure(self) -> list[Task]:
        """A task for every deployable design on the front whose kmodel was not measured."""
        if not self._options.measure_kmodels:
            return []
        complete = [entry for entry in self._journal.entries() if entry.state == "complete"]
        entries = {entry.training.id: entry for entry in complete}
        front = front_of(self._plan.rows, complete)
        designs = [entries[row.training.id] for row in front if row.deployable]
        return [
            Task("measure", e.training, e.number)
            for e in designs
            if e.kmodel is None and not e.elsewhere
        ]

    def _measured(self, task: Task, result: dict[str, Any]) -> None:
        with self._writing():
            self._journal.measured(task.training, result)
        self._kmodels_done += 1
        message = f"kmodel of {task.training.id} AP {or_nan(result['kmodel_ap']):.4f}"
        note = f" ({result['note']})" if result.get("note") else ""
        self._progress.event(message + note, self.standing)

    def _end_stopped(self, task: Task, outcome: dict[str, Any]) -> None:
        with self._writing():
            self._journal.stop(task.number, outcome, self.elapsed_s)
        self._failures_in_a_row = 0
        epochs = outcome["epochs"]
        self._ended(task, f"{task.training.id} stopped early, after {epochs} epochs")

    def _ended(self, task: Task, message: str) -> None:
        self._running.pop(task.number, None)
        self._reports.pop(task.number, None)
        self._beaten.pop(task.number, None)
        entry = self._journal.entry(task.number)
        if entry:
            self._past.note(entry)
        self._ended_here += 1
        self._progress.event(message, self.standing)

    def _time_is_up(self) -> bool:
        limit_s = self._options.time_limit_s
        return limit_s is not None and monotonic() - self._started >= limit_s

    def _left_s(self) -> float | None:
        """Time for the trainings to come, at the pace of this run; None where none will."""
        if not self._ended_here or self._kmodels is not None:
            return None
        spent_s = monotonic() - self._started
        begun = self._past.trials + len(self._running)
        left = min(self._budget - self._past.counted, len(self._plan.designs) - begun)
        left_s = spent_s / self._ended_here * max(0, left)
        if self._options.time_limit_s is not None:
            left_s = min(left_s, max(0.0, self._options.time_limit_s - spent_s))
        return left_s

    def _needed_bytes(self) -> int:
        """Disk space that the trainings to come will take, roughly."""
        trainings = max(1, self._budget - self._past.counted)
        return trainings * self._plan.largest_parameters * BYTES_PER_PARAMETER

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Around a write: a signal waits for its end, a full disk is told as such."""
        with (
            self._interruption.held(),
            full_disk_reported(self._folder.path, self._needed_bytes()),
        ):
            yield


def _ignore(curve: object) -> None:
    """What becomes of a finished curve when nothing is stopped early."""
