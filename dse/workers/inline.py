"""Tasks run one after the other in this process: no start-up, nothing to install."""

from __future__ import annotations

from time import sleep

from dse.workers.executor import (
    Coordinator,
    Epoch,
    Executor,
    Failure,
    Paused,
    Task,
    TaskRunner,
    TrialAction,
)

__all__ = ["InlineExecutor"]


WAIT_S = 0.5


class InlineExecutor(Executor):
    """Runs each task to its end before it asks for the next."""

    interruptible = True

    def run(self, runner: TaskRunner, coordinator: Coordinator) -> None:
        """Runs every task the coordinator hands out; a task that raises is a failed one."""
        while (task := coordinator.next_task()) is not None:
            if isinstance(task, Task):
                _run_one(runner, coordinator, task)
            else:
                sleep(WAIT_S)  # for another driver of the study
            coordinator.tick()


def _run_one(runner: TaskRunner, coordinator: Coordinator, task: Task) -> None:
    raised_by_coordinator: list[Exception] = []

    def report(epoch: Epoch) -> bool:
        try:
            say = coordinator.reported(task, epoch)
            coordinator.tick()
        except Exception as error:
            raised_by_coordinator.append(error)
            raise
        if say is TrialAction.PAUSE:
            raise Paused
        return say is TrialAction.CONTINUE

    try:
        result = runner.run(task, report)
    except Paused:
        coordinator.paused(task)
    except Exception as error:
        if raised_by_coordinator:
            raise raised_by_coordinator[0] from None
        coordinator.failed(task, Failure.of(error))
    else:
        coordinator.finished(task, result)
