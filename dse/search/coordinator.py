"""What an executor asks and tells: the scheduler's decisions, put on record as they come true."""

from __future__ import annotations

from typing import Any

from dse.errors import StudyError
from dse.search.clock import SearchClock
from dse.search.progress import Standing
from dse.search.recorder import Recorder
from dse.search.scheduler import MAX_FAILURES_IN_A_ROW, Scheduler
from dse.space import Training
from dse.study.journal import or_nan
from dse.study.settings import SearchSettings
from dse.workers.executor import Coordinator, Epoch, Failure, Task, TrialAction, Wait

__all__ = ["SearchCoordinator"]


class SearchCoordinator(Coordinator):
    """The driver's side of an executor: asks the scheduler, tells the recorder."""

    def __init__(self, settings: SearchSettings, scheduler: Scheduler, recorder: Recorder) -> None:
        self._settings, self._scheduler, self._recorder = settings, scheduler, recorder

    @property
    def clock(self) -> SearchClock:
        """The time of the search."""
        return self._recorder.clock

    def next_task(self) -> Task | Wait | None:
        """A training while budget and time last, then the compiled files of the front."""
        scheduler, recorder = self._scheduler, self._recorder
        if recorder.journal.news():
            orphans = recorder.journal.orphans()
            scheduler.update(recorder.journal.entries(), orphans)
        step = scheduler.next_step(self.clock.time_is_up)
        while isinstance(step, Training):
            number = recorder.begin(step)
            if number is not None:
                return scheduler.began(step, number)
            scheduler.update(recorder.journal.entries())
            step = scheduler.next_step(self.clock.time_is_up)
        return self._next_measure() if step is None else step

    def reported(self, task: Task, report: Epoch) -> TrialAction:
        """Remembers the epoch; stops a training that can no longer matter."""
        return self._scheduler.judge(task, report, self.clock.time_is_up)

    def finished(self, task: Task, result: dict[str, Any]) -> None:
        """Records an outcome, or the measures of a compiled file."""
        if task.kind == "measure":
            self._measured(task, result)
            return
        outcome = self._scheduler.outcome(task, result)
        if outcome["stopped"]:
            self._end_stopped(task, outcome)
            return
        values = self._recorder.values(task.training, outcome)
        if values is None:
            format = self._recorder.plan.deployable_row(task.training).format
            self.failed(task, Failure(f"no AP was measured in {format}"))
            return
        self._scheduler.ended(task, self._recorder.finish(task, values, outcome))
        self._event(f"{task.training.id} AP {values[0]:.4f}")

    def stopped(self, task: Task) -> None:
        """Records a training that STOP ended, from its reports."""
        self._end_stopped(task, self._scheduler.stopped_outcome(task))
        self._recorder.drop_checkpoint(task)

    def paused(self, task: Task) -> None:
        """Leaves the trial open in the journal: a resumed search takes it up."""
        self._scheduler.paused(task)
        self._event(f"{task.training.id} left for --resume")

    def failed(self, task: Task, failure: Failure) -> None:
        """Records why; raises StudyError for a full disk, or failure after failure."""
        if failure.disk_full:
            raise self._recorder.full_disk()
        if task.kind == "measure":
            self._recorder.say(f"compiled file of {task.training.id}: {failure.message}")
            return
        self._scheduler.ended(task, self._recorder.fail(task, failure), failed=True)
        self._event(f"{task.training.id} failed: {failure.message}")
        if self._scheduler.keeps_failing:
            raise StudyError(
                f"{MAX_FAILURES_IN_A_ROW} trainings in a row failed, the last with "
                f"{failure.message}",
                "remove the cause, then run again with --resume; the journal has tracebacks",
            )

    def tick(self) -> None:
        """Shows progress; raises KeyboardInterrupt if a signal came while that was put off."""
        self._recorder.tick(self.standing)

    def standing(self) -> Standing:
        """Where the search stands, for people."""
        scheduler, clock = self._scheduler, self.clock
        history, measuring = scheduler.history, scheduler.measuring
        return Standing(
            trained=history.states["complete"] - history.reused,
            reused=history.reused,
            stopped=history.states["stopped"],
            failed=history.states["failed"],
            running=scheduler.under_way,
            budget=self._settings.budget,
            hypervolume=history.hypervolume,
            elapsed_s=clock.elapsed_s,
            left_s=clock.within_limit(scheduler.seconds_left(clock.spent_s)),
            measuring=(measuring.done, measuring.wanted) if measuring else None,
        )

    def _next_measure(self) -> Task | None:
        scheduler, budget = self._scheduler, self._settings.budget
        if scheduler.measuring is None:
            if scheduler.nothing_to_gain:
                self._recorder.say(
                    f"ends after {scheduler.history.counted} of {budget} trainings: no design that "
                    "is left is expected to add to the front"
                )
            scheduler.begin_measuring(self._recorder.journal.entries())
        return scheduler.next_measure()

    def _measured(self, task: Task, result: dict[str, Any]) -> None:
        self._recorder.measured(task, result)
        self._scheduler.measured()
        note = f" ({result['note']})" if result.get("note") else ""
        ap = or_nan(result["kmodel_ap"])
        self._event(f"compiled file of {task.training.id} AP {ap:.4f}{note}")

    def _end_stopped(self, task: Task, outcome: dict[str, Any]) -> None:
        self._scheduler.ended(task, self._recorder.stop(task, outcome))
        self._event(f"{task.training.id} stopped early, after {outcome['epochs']} epochs")

    def _event(self, message: str) -> None:
        self._recorder.event(message, self.standing)
