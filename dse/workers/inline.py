"""Tasks run one after the other in this process: no start-up, nothing to install."""

from __future__ import annotations

from time import sleep

from dse.workers.executor import Desk, Epoch, Executor, Failure, Paused, Say, Task, Workbench

__all__ = ["InlineExecutor"]


WAIT_S = 0.5


class InlineExecutor(Executor):
    """Runs each task to its end before it asks for the next."""

    interruptible = True

    def run(self, workbench: Workbench, desk: Desk) -> None:
        """Runs every task the desk hands out; a task that raises is a failed one."""
        while (task := desk.next_task()) is not None:
            if isinstance(task, Task):
                _run_one(workbench, desk, task)
            else:
                sleep(WAIT_S)  # for another driver of the study
            desk.tick()


def _run_one(workbench: Workbench, desk: Desk, task: Task) -> None:
    raised_by_desk: list[Exception] = []

    def report(epoch: Epoch) -> bool:
        try:
            say = desk.reported(task, epoch)
            desk.tick()
        except Exception as error:
            raised_by_desk.append(error)
            raise
        if say is Say.PAUSE:
            raise Paused
        return say is Say.CONTINUE

    try:
        result = workbench.do(task, report)
    except Paused:
        desk.paused(task)
    except Exception as error:
        if raised_by_desk:
            raise raised_by_desk[0] from None
        desk.failed(task, Failure.of(error))
    else:
        desk.finished(task, result)
