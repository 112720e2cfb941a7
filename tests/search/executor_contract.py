"""What every executor has to do; each executor's tests inherit it."""

from __future__ import annotations

import abc
from pathlib import Path
from typing import Any

import fake_training
import pytest

from dse.search.executor import Desk, Epoch, Executor, Failure, Say, Task, Wait, Workbench
from dse.space import Training

TRAININGS = [Training("A", 63, width, size) for width in (0.35, 0.5) for size in (96, 128, 160)]


class ScriptedDesk(Desk):
    """Hands out a list of tasks, says what it was told to say, remembers what it hears."""

    def __init__(self, tasks: list[Task], say: dict[tuple[int, int], Say] | None = None) -> None:
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

    def reported(self, task: Task, report: Epoch) -> Say:
        self.epochs.setdefault(task.number, []).append(report.epoch)
        return self.say.get((task.number, report.epoch), Say.CONTINUE)

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
    """Subclass it as `Test...` and say how to make the executor."""

    @abc.abstractmethod
    def make(self) -> Executor:
        """A fresh executor."""

    @pytest.fixture()
    def trace(self, tmp_path: Path) -> Path:
        return tmp_path / "trace"

    def bench(self, trace: Path, **trouble: Any) -> Workbench:
        job = fake_training.FakeJob(("kpu8",), 0.0, str(trace), trouble.get("trouble", ""))
        return Workbench(
            job, trace.parent / "trainings", fake_training.train, fake_training.measure
        )

    def test_every_task_is_done_once(self, trace: Path) -> None:
        desk = ScriptedDesk(tasks(5))
        self.make().run(self.bench(trace), desk)
        assert desk.ended == dict.fromkeys(range(5), "finished")
        assert all(seen == [1, 2, 3, 4, 5, 6] for seen in desk.epochs.values())
        assert len(fake_training.worked(trace)) == 30
        ap = fake_training.final_ap(TRAININGS[3]) - 0.01
        assert desk.results[3]["ap"] == {"kpu8": pytest.approx(ap)}

    def test_stop_and_pause_end_a_training_at_that_epoch(self, trace: Path) -> None:
        desk = ScriptedDesk(tasks(3), {(0, 2): Say.STOP, (1, 3): Say.PAUSE})
        self.make().run(self.bench(trace), desk)
        assert desk.ended == {0: "stopped", 1: "paused", 2: "finished"}
        assert desk.epochs == {0: [1, 2], 1: [1, 2, 3], 2: [1, 2, 3, 4, 5, 6]}
        assert len(fake_training.worked(trace)) == 2 + 3 + 6

    def test_a_paused_training_goes_on_where_it_was(self, trace: Path) -> None:
        self.make().run(self.bench(trace), ScriptedDesk(tasks(1), {(0, 4): Say.PAUSE}))
        desk = ScriptedDesk(tasks(1))
        self.make().run(self.bench(trace), desk)
        assert desk.ended == {0: "finished"} and desk.epochs == {0: [1, 2, 3, 4, 5, 6]}
        assert [epoch for _, epoch, _ in fake_training.worked(trace)] == list("123456")

    def test_a_failure_is_told_with_its_reason(self, trace: Path) -> None:
        desk = ScriptedDesk(tasks(2))
        self.make().run(self.bench(trace, trouble="fail"), desk)
        assert desk.ended == dict.fromkeys(range(2), "failed")
        failure = desk.results[0]
        assert failure.message == "RuntimeError: the pictures went away"
        assert "fake_training.py" in failure.traceback and not failure.disk_full

    def test_a_full_disk_is_told_as_such(self, trace: Path) -> None:
        desk = ScriptedDesk(tasks(1))
        self.make().run(self.bench(trace, trouble="disk"), desk)
        assert desk.results[0].disk_full

    def test_measuring_gives_plain_values(self, trace: Path) -> None:
        desk = ScriptedDesk(tasks(2, "measure"))
        self.make().run(self.bench(trace), desk)
        assert desk.results[1]["kmodel_bytes"] == 1000 and desk.epochs == {}

    def test_an_error_of_the_desk_comes_out(self, trace: Path) -> None:
        class Angry(ScriptedDesk):
            def reported(self, task: Task, report: Epoch) -> Say:
                raise LookupError("no such trial")

        with pytest.raises(LookupError, match="no such trial"):
            self.make().run(self.bench(trace), Angry(tasks(2)))
