"""What every executor has to do; each executor's tests inherit it."""

from __future__ import annotations

import abc
from pathlib import Path
from typing import Any

import pytest

from dse.space import Training
from dse.workers.executor import (
    Coordinator,
    Epoch,
    Executor,
    Failure,
    Task,
    TaskRunner,
    TrialAction,
    Wait,
)
from tests.search import fake_training

TRAININGS = [
    Training("A", 63, width, size) for width in (0.35, 0.5, 0.75, 1.0) for size in (96, 128, 160)
]


class ScriptedCoordinator(Coordinator):
    """Hands out a list of tasks, says what it was told to say, remembers what it hears."""

    def __init__(
        self, tasks: list[Task], say: dict[tuple[int, int], TrialAction] | None = None
    ) -> None:
        self.tasks, self.say = list(tasks), say or {}
        self.epochs: dict[int, list[int]] = {}
        self.ended: dict[int, str] = {}
        self.results: dict[int, Any] = {}
        self.out: set[int] = set()
        self.waits = 0
        self.at_once = 0

    def next_task(self) -> Task | Wait | None:
        if self.tasks:
            task = self.tasks.pop(0)
            self.out.add(task.number)
            self.at_once = max(self.at_once, len(self.out))
            return task
        if self.out:
            self.waits += 1
            return Wait()
        return None

    def reported(self, task: Task, report: Epoch) -> TrialAction:
        self.epochs.setdefault(task.number, []).append(report.epoch)
        return self.say.get((task.number, report.epoch), TrialAction.CONTINUE)

    def finished(self, task: Task, result: dict[str, Any]) -> None:
        self.results[task.number] = result
        self._end(task, "stopped" if result.get("stopped") else "finished")

    def stopped(self, task: Task) -> None:
        self._end(task, "stopped")

    def paused(self, task: Task) -> None:
        self._end(task, "paused")

    def failed(self, task: Task, failure: Failure) -> None:
        self.results[task.number] = failure
        self._end(task, "failed")

    def tick(self) -> None:
        pass

    def _end(self, task: Task, how: str) -> None:
        assert task.number not in self.ended, "a task ends once"
        self.ended[task.number] = how
        self.out.remove(task.number)


def tasks(count: int, kind: Any = "train") -> list[Task]:
    """Tasks numbered from 0, each with a training of its own."""
    return [Task(kind, TRAININGS[number], number) for number in range(count)]


class ExecutorContract(abc.ABC):
    """Subclass it as `Test...` and say how to make the executor.

    on_its_disk: whether a training writes to the disk that the study is on.
    """

    on_its_disk = True

    @abc.abstractmethod
    def make(self) -> Executor:
        """A fresh executor."""

    @pytest.fixture()
    def trace(self, tmp_path: Path) -> Path:
        return tmp_path / "trace"

    def test_a_task_ends_in_one_of_five_ways(self, trace: Path) -> None:
        """Finished, stopped, paused and taken up again, failed, failed on a full disk."""
        chosen = [*tasks(5), Task("measure", TRAININGS[5], 5)]
        coordinator = PausingCoordinator(
            chosen, {(1, 2): TrialAction.STOP, (2, 3): TrialAction.PAUSE}
        )
        troubles = f"fail:{TRAININGS[3].id} disk:{TRAININGS[4].id}"
        self.make().run(runner(trace, trouble=troubles), coordinator)
        assert coordinator.ended == {
            0: "finished",
            1: "stopped",
            2: "finished",
            3: "failed",
            4: "failed",
            5: "finished",
        }
        assert coordinator.epochs == {
            0: [1, 2, 3, 4, 5, 6],
            1: [1, 2],
            2: [1, 2, 3, 1, 2, 3, 4, 5, 6],
        }
        epochs = [(id, epoch) for id, epoch, _ in fake_training.worked(trace)]
        assert len(epochs) == len(set(epochs)) == 6 + 2 + 6 + 1
        ap = fake_training.final_ap(TRAININGS[0]) - 0.01
        assert coordinator.results[0]["ap"] == {"kpu8": pytest.approx(ap)}
        assert coordinator.results[3].message.endswith("RuntimeError: the pictures went away")
        assert "fake_training.py" in coordinator.results[3].traceback
        assert [coordinator.results[number].disk_full for number in (3, 4)] == [
            False,
            self.on_its_disk,
        ]
        assert coordinator.results[5]["kmodel_bytes"] == 1000

    def test_an_error_of_the_coordinator_comes_out(self, trace: Path) -> None:
        class Angry(ScriptedCoordinator):
            def reported(self, task: Task, report: Epoch) -> TrialAction:
                raise LookupError("no such trial")

        with pytest.raises(LookupError, match="no such trial"):
            self.make().run(runner(trace), Angry(tasks(2)))


class PausingCoordinator(ScriptedCoordinator):
    """Hands a task out again after its pause."""

    def paused(self, task: Task) -> None:
        self.out.remove(task.number)
        self.say = {key: say for key, say in self.say.items() if say is not TrialAction.PAUSE}
        self.tasks.insert(0, task)


def runner(trace: Path, *, epoch_s: float = 0.0, trouble: str = "", **more: str) -> TaskRunner:
    """A runner of fake trainings, beside the trace file; `more`: of the `FakeJob`."""
    job = fake_training.FakeJob(("kpu8",), epoch_s, str(trace), trouble, **more)
    return TaskRunner(job, trace.parent / "trainings", fake_training.train, fake_training.measure)
