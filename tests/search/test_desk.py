"""The desk's decisions, asked directly; how they come together is in test_driver.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from dse.search import SearchOptions, StudyFolder, plan_search
from dse.search.desk import SearchDesk
from dse.search.interruption import Interruption
from dse.search.progress import Progress
from dse.study.journal import Journal
from dse.workers.executor import Epoch, Failure, Say, Task, Wait

Make = Callable[..., SearchOptions]


class Silent(Progress):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def event(self, message: str, standing: Any) -> None:
        self.lines.append(message)

    def say(self, message: str) -> None:
        self.lines.append(message)


@pytest.fixture()
def make_desk(options: Make, tmp_path: Path) -> Callable[..., SearchDesk]:
    """A desk over one and the same study; each call is a resumed search."""
    plan = plan_search(options())
    folder = StudyFolder.create(tmp_path / "results", "mine", "k210")

    def make(*, began: float | None = None, **changes: Any) -> SearchDesk:
        chosen = options(**changes).with_defaults()
        journal = Journal(folder.journal, folder.name)
        started = monotonic() if began is None else began
        return SearchDesk(folder, chosen, plan, journal, Silent(), Interruption(), started)

    return make


def outcome(ap: float, *, stopped: bool = False) -> dict[str, Any]:
    values = {} if stopped else {"kpu8": ap, "FP32": ap}
    return {"stopped": stopped, "epochs": 6, "val_ap": ap, "ap": values, "seconds": 1.0}


def take(desk: SearchDesk) -> Task:
    task = desk.next_task()
    assert isinstance(task, Task)
    return task


def test_running_trainings_count_until_they_fail(make_desk: Callable[..., SearchDesk]) -> None:
    desk = make_desk(budget=2)
    first, second = take(desk), take(desk)
    assert first.training != second.training and (first.number, second.number) == (0, 1)
    assert desk.next_task() == Wait()
    desk.failed(first, Failure("gone"))
    third = take(desk)
    assert third.kind == "train" and third.training not in (first.training, second.training)
    desk.finished(second, outcome(0.5))
    assert desk.next_task() == Wait()
    desk.finished(third, outcome(0.6, stopped=True))
    # The budget is spent: what is on the front is measured.
    measure = take(desk)
    assert (measure.kind, measure.training, measure.number) == ("measure", second.training, 1)
    assert desk.next_task() is None


def test_what_a_killed_search_left_running_comes_first(
    make_desk: Callable[..., SearchDesk],
) -> None:
    before = make_desk(budget=3)
    left = [take(before), take(before)]
    desk = make_desk(budget=3)
    assert [take(desk), take(desk)] == left
    assert take(desk).number == 2
    assert desk.next_task() == Wait()


def test_after_the_time_limit_nothing_starts_and_what_runs_is_left(
    make_desk: Callable[..., SearchDesk],
) -> None:
    desk = make_desk(budget=3, time_limit_s=50.0)
    task = take(desk)
    assert desk.reported(task, Epoch(1, 6, 1.0, 0.1, 1.0)) is Say.CONTINUE
    late = make_desk(budget=3, time_limit_s=50.0, began=monotonic() - 51)
    assert late.next_task() is None
    assert late.reported(task, Epoch(1, 6, 1.0, 0.1, 1.0)) is Say.PAUSE
    # The last epoch is paid for already: its evaluation is let happen.
    assert late.reported(task, Epoch(6, 6, 1.0, 0.1, 6.0)) is Say.CONTINUE


def test_a_training_without_its_ap_is_a_failed_one(make_desk: Callable[..., SearchDesk]) -> None:
    desk = make_desk()
    desk.finished(take(desk), {**outcome(0.5), "ap": {"FP32": 0.5, "kpu8": None}})
    standing = desk.standing()
    assert (standing.trained, standing.failed, standing.running) == (0, 1, 0)


def test_time_left_follows_the_pace(make_desk: Callable[..., SearchDesk]) -> None:
    desk = make_desk(budget=4, began=monotonic() - 100)
    assert desk.standing().left_s is None
    desk.finished(take(desk), outcome(0.5))
    left_s = desk.standing().left_s
    assert left_s == pytest.approx(300, rel=0.05) and desk.elapsed_s == pytest.approx(100, rel=0.05)
    again = make_desk(budget=4)
    assert again.elapsed_s == pytest.approx(100, rel=0.05)
