"""What Ray Tune is given: a searcher and a scheduler that ask the coordinator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from dse.errors import FileError
from dse.files import make_folder
from dse.workers.executor import Coordinator, Failure, Task, TrialAction, Wait
from dse.workers.ray_worker import CHANGES, EPOCH, FAILURE, RESULT, task_table

__all__ = ["CoordinatorScheduler", "CoordinatorSearcher", "TuneBridge"]

MAX_DEATHS = 2
"""Of workers under one task, without a further epoch: then it is the task that kills them."""

Answer = TypeVar("Answer")


class TuneBridge:
    """What searcher and scheduler share: the coordinator, and which Tune trial is which task.

    What workers deliver goes into `trainings` before the coordinator is told of it.
    error: the first exception that came out of the coordinator; Tune's run ends with it.
    """

    def __init__(self, coordinator: Coordinator | None, trainings: Path = Path()) -> None:
        self.error: BaseException | None = None
        self._coordinator, self._trainings = coordinator, trainings
        self._tasks: dict[str, Task] = {}
        self._deaths: Counter[Task] = Counter()
        self._reached: Counter[Task] = Counter()
        self._again: list[Task] = []
        self._said: dict[str, TrialAction] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Tune writes down its set-up, which nobody reads: that copy is an empty shell."""
        return (TuneBridge, (None,))

    def tick(self) -> None:
        """Gives the coordinator its time between events."""
        self._ask(lambda coordinator: coordinator.tick())

    def next_task(self, trial_id: str) -> Task | Wait | None:
        """What trial `trial_id` shall be; a task whose worker died comes first.

        Without a trial at work Tune asks nothing else, so that this is the coordinator's time, too.
        """
        self.tick()
        task = (
            self._again.pop()
            if self._again
            else self._ask(lambda coordinator: coordinator.next_task())
        )
        if isinstance(task, Task):
            self._tasks[trial_id] = task
        elif task is None and self._tasks:
            return Wait()
        return task

    def may_continue(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Passes an epoch on; keeps the answer for the end of the trial."""
        if EPOCH not in result:
            return True
        task = self._tasks[trial_id]
        self._receive(task, result)
        if result[EPOCH].epoch > self._reached[task]:
            self._reached[task] = result[EPOCH].epoch
            self._deaths.pop(task, None)
        say = self._ask(lambda coordinator: coordinator.reported(task, result[EPOCH]))
        self._said[trial_id] = say
        return say is TrialAction.CONTINUE

    def ended(self, trial_id: str, result: dict[str, Any] | None, died: bool) -> None:
        """Tells the coordinator what came of a trial. died: its worker did, more than once even."""
        task = self._tasks.pop(trial_id)
        said = self._said.pop(trial_id, TrialAction.CONTINUE)
        found = result or {}
        if died:
            self._worker_died(task)
        elif FAILURE in found:
            self._ask(lambda coordinator: coordinator.failed(task, found[FAILURE]))
        elif RESULT in found:
            self._receive(task, found)
            self._ask(lambda coordinator: coordinator.finished(task, found[RESULT].result))
        elif said is TrialAction.PAUSE:
            self._ask(lambda coordinator: coordinator.paused(task))
        else:
            self._ask(lambda coordinator: coordinator.stopped(task))

    def _receive(self, task: Task, result: dict[str, Any]) -> None:
        """Writes down what came with a result; a full disk is a failure that ends the search."""
        changes = result.get(CHANGES)
        if changes is None:
            return
        folder = self._trainings / task.training.id
        try:
            make_folder(folder)
            changes.unpack(folder)
        except (OSError, FileError) as error:
            failure = Failure.of(error)
            self._ask(lambda coordinator: coordinator.failed(task, failure))
            raise

    def _worker_died(self, task: Task) -> None:
        self._deaths[task] += 1
        if self._deaths[task] <= MAX_DEATHS:
            self._again.append(task)
            return
        message = (
            f"its worker process died {MAX_DEATHS + 1} times; is there enough memory, and the "
            "same dse on every machine?"
        )
        self._ask(lambda coordinator: coordinator.failed(task, Failure(message)))

    def _ask(self, call: Callable[[Coordinator], Answer]) -> Answer:
        assert self._coordinator is not None
        try:
            return call(self._coordinator)
        except BaseException as error:
            self.error = self.error or error
            raise


class CoordinatorSearcher(Searcher):
    """Lets the coordinator choose the next trial."""

    def __init__(self, bridge: TuneBridge) -> None:
        super().__init__()
        self._bridge = bridge

    def suggest(self, trial_id: str) -> Any:
        """A task as a configuration; None to be asked again; FINISHED at the end."""
        task = self._bridge.next_task(trial_id)
        if isinstance(task, Wait):
            return None
        return self.FINISHED if task is None else task_table(task)

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Called once per trial: at its result, after STOP, or when its worker died."""
        self._bridge.ended(trial_id, result, died=error)

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the study's journal is the record."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing, as `save`."""


class CoordinatorScheduler(FIFOScheduler):
    """Lets the coordinator decide after each epoch whether a trial goes on."""

    def __init__(self, bridge: TuneBridge) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._bridge = bridge

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """CONTINUE or STOP. Called for the result of a task too, which ends by itself."""
        go_on = self._bridge.may_continue(trial.trial_id, result)
        return TrialScheduler.CONTINUE if go_on else TrialScheduler.STOP

    def choose_trial_to_run(self, tune_controller: Any) -> Any:
        """Called at every turn of Tune's loop: the coordinator's chance to look up."""
        self._bridge.tick()
        return super().choose_trial_to_run(tune_controller)
