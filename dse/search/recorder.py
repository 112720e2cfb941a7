"""Writes down what came of every training, and shows it: journal, folders, progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from dse.errors import StudyError
from dse.search.clock import SearchClock
from dse.search.interruption import Interruption
from dse.search.progress import Progress, Standing
from dse.space import Training
from dse.study.disk import full_disk_error, full_disk_reported
from dse.study.folder import StudyFolder
from dse.study.journal import Entry, Journal
from dse.study.plan import SearchPlan
from dse.workers.executor import Failure, Task

__all__ = ["Recorder"]


@dataclass(frozen=True)
class Recorder:
    """The record of one search. The study's lock is held.

    A signal waits for the end of every write, and a full disk ends the search with a StudyError
    that says so. needed_bytes: room that the trainings to come will take.
    """

    folder: StudyFolder
    journal: Journal
    plan: SearchPlan
    progress: Progress
    interruption: Interruption
    clock: SearchClock
    needed_bytes: Callable[[], int]

    def begin(self, training: Training) -> int | None:
        """The number of a new trial; None where another driver has the training."""
        with self._writing():
            return self.journal.start(training, self.plan.space)

    def values(self, training: Training, result: dict[str, Any]) -> tuple[float, ...] | None:
        """A finished training's objectives, as of `Journal.finish`; None without its AP."""
        row = self.plan.deployable_row(training)
        ap = result["ap"].get(row.format)
        return None if ap is None else (ap, row.latency_ms, row.file_bytes)

    def finish(self, task: Task, values: Sequence[float], outcome: dict[str, Any]) -> Entry | None:
        """Records a training that ran to its end."""
        with self._writing():
            self.journal.finish(task.number, values, outcome, self.clock.elapsed_s)
        return self.journal.entry(task.number)

    def stop(self, task: Task, outcome: dict[str, Any]) -> Entry | None:
        """Records a training that was stopped early."""
        with self._writing():
            self.journal.stop(task.number, outcome, self.clock.elapsed_s)
        return self.journal.entry(task.number)

    def fail(self, task: Task, failure: Failure) -> Entry | None:
        """Records a training that failed."""
        with self._writing():
            error = {"error": failure.message, "traceback": failure.traceback}
            self.journal.fail(task.number, error, self.clock.elapsed_s)
        return self.journal.entry(task.number)

    def measured(self, task: Task, result: dict[str, Any]) -> None:
        """Records the measures of a compiled file."""
        with self._writing():
            self.journal.measured(task.training, result)

    def drop_checkpoint(self, task: Task) -> None:
        """Removes what a stopped training would have gone on from."""
        checkpoint = self.folder.training(task.training.id) / "checkpoint.npz"
        checkpoint.unlink(missing_ok=True)

    def full_disk(self) -> StudyError:
        """The error for a worker that found the study's disk full."""
        return full_disk_error(self.folder.path, self.needed_bytes())

    def say(self, message: str) -> None:
        """A line for people."""
        self.progress.say(message)

    def event(self, message: str, standing: Callable[[], Standing]) -> None:
        """A line for people about something that ended, and where the search stands now."""
        self.progress.event(message, standing)

    def tick(self, standing: Callable[[], Standing]) -> None:
        """Shows progress; raises KeyboardInterrupt if a signal came while that was put off."""
        self.interruption.check()
        self.progress.tick(standing)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with (
            self.interruption.held(),
            full_disk_reported(self.folder.path, self.needed_bytes()),
        ):
            yield
