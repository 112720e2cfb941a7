"""The coordinator's decisions, asked directly; how they come together is in test_driver.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from dse.search import StudyFolder, plan_search
from dse.search.coordinator import SearchCoordinator
from dse.search.driver import make_coordinator
from dse.search.interruption import Interruption
from dse.search.progress import Progress
from dse.study.file_journal import FileJournal
from dse.workers.executor import Epoch, Failure, Task, TrialAction, Wait
from tests.search.fixtures import Search

Make = Callable[..., Search]
MakeCoordinator = Callable[..., SearchCoordinator]


class Silent(Progress):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def event(self, message: str, standing: Any) -> None:
        self.lines.append(message)

    def say(self, message: str) -> None:
        self.lines.append(message)


@pytest.fixture()
def coordinator_of(options: Make, tmp_path: Path) -> MakeCoordinator:
    """A coordinator over one and the same study; each call is a resumed search."""
    plan = plan_search(options().request)
    folder = StudyFolder.create(tmp_path / "results", "mine", "k210")

    def make(*, began: float | None = None, **changes: Any) -> SearchCoordinator:
        request, run = options(**changes)
        return make_coordinator(
            folder,
            request.settings(),
            plan,
            FileJournal(folder.journal, folder.name),
            Silent(),
            Interruption(),
            began=monotonic() if began is None else began,
            time_limit_s=run.time_limit_s,
        )

    return make


def outcome(ap: float, *, stopped: bool = False) -> dict[str, Any]:
    values = {} if stopped else {"kpu8": ap, "FP32": ap}
    return {"stopped": stopped, "epochs": 6, "val_ap": ap, "ap": values, "seconds": 1.0}


def take(coordinator: SearchCoordinator) -> Task:
    task = coordinator.next_task()
    assert isinstance(task, Task)
    return task


def test_running_trainings_count_until_they_fail(
    coordinator_of: MakeCoordinator,
) -> None:
    coordinator = coordinator_of(budget=2)
    first, second = take(coordinator), take(coordinator)
    assert first.training != second.training and (first.number, second.number) == (0, 1)
    assert coordinator.next_task() == Wait()
    coordinator.failed(first, Failure("gone"))
    third = take(coordinator)
    assert third.kind == "train" and third.training not in (first.training, second.training)
    coordinator.finished(second, outcome(0.5))
    assert coordinator.next_task() == Wait()
    coordinator.finished(third, outcome(0.6, stopped=True))
    # The budget is spent: what is on the front is measured.
    measure = take(coordinator)
    assert (measure.kind, measure.training, measure.number) == ("measure", second.training, 1)
    assert coordinator.next_task() is None


def test_what_a_killed_search_left_running_comes_first(
    coordinator_of: MakeCoordinator,
) -> None:
    before = coordinator_of(budget=3)
    left = [take(before), take(before)]
    coordinator = coordinator_of(budget=3)
    assert [take(coordinator), take(coordinator)] == left
    assert take(coordinator).number == 2
    assert coordinator.next_task() == Wait()


def test_after_the_time_limit_nothing_starts_and_what_runs_is_left(
    coordinator_of: MakeCoordinator,
) -> None:
    coordinator = coordinator_of(budget=3, time_limit_s=50.0)
    task = take(coordinator)
    assert coordinator.reported(task, Epoch(1, 6, 1.0, 0.1, 1.0)) is TrialAction.CONTINUE
    late = coordinator_of(budget=3, time_limit_s=50.0, began=monotonic() - 51)
    assert late.next_task() is None
    assert late.reported(task, Epoch(1, 6, 1.0, 0.1, 1.0)) is TrialAction.PAUSE
    # The last epoch is paid for already: its evaluation is let happen.
    assert late.reported(task, Epoch(6, 6, 1.0, 0.1, 6.0)) is TrialAction.CONTINUE


def test_a_training_without_its_ap_is_a_failed_one(
    coordinator_of: MakeCoordinator,
) -> None:
    coordinator = coordinator_of()
    coordinator.finished(take(coordinator), {**outcome(0.5), "ap": {"FP32": 0.5, "kpu8": None}})
    standing = coordinator.standing()
    assert (standing.trained, standing.failed, standing.running) == (0, 1, [])


def test_time_left_follows_the_pace(coordinator_of: MakeCoordinator) -> None:
    coordinator = coordinator_of(budget=4, began=monotonic() - 100)
    assert coordinator.standing().left_s is None
    coordinator.finished(take(coordinator), {**outcome(0.5), "seconds": 90.0})
    after_one = coordinator.standing().left_s
    assert after_one is not None and 150 < after_one < 500
    assert coordinator.clock.elapsed_s == pytest.approx(100, rel=0.05)
    half = take(coordinator)
    begun = coordinator.standing().left_s
    coordinator.reported(half, Epoch(3, 6, 1.0, 0.1, 45.0))
    assert [str(one) for one in coordinator.standing().running] == [f"{half.training.id} 3/6"]
    left_s = coordinator.standing().left_s
    assert begun is not None and left_s is not None and begun - 75 < left_s < begun - 20
    again = coordinator_of(budget=4)
    assert again.clock.elapsed_s == pytest.approx(100, rel=0.05)
