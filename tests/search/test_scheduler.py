"""What is decided, with neither a journal nor a clock: the entries are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dse.chips import load_target
from dse.search import SearchRequest, scheduler
from dse.search.scheduler import MAX_FAILURES_IN_A_ROW, Scheduler
from dse.space import SearchSpace, Training
from dse.study.audit import BEATEN
from dse.study.journal import Entry
from dse.study.plan import SearchPlan, make_plan
from dse.workers.executor import Epoch, Task, TrialAction, Wait

Make = Callable[..., Scheduler]


@pytest.fixture()
def plan(small_space: Path) -> SearchPlan:
    return make_plan(SearchSpace.load(str(small_space)), load_target("k210"))


@pytest.fixture()
def make(plan: SearchPlan) -> Make:
    def scheduler_of(*entries: Entry, **changes: Any) -> Scheduler:
        chosen: dict[str, Any] = {"proposer": "random", "early_stopping": False, **changes}
        return Scheduler(plan, SearchRequest(**chosen).settings(), entries)

    return scheduler_of


def begin(scheduler: Scheduler, number: int) -> Task:
    """The task of the training that comes next."""
    step = scheduler.next_step(time_is_up=False)
    return scheduler.began(step, number) if isinstance(step, Training) else take(step)


def take(step: object) -> Task:
    assert isinstance(step, Task)
    return step


def complete(number: int, training: Training, ap: float, **more: Any) -> Entry:
    curve = [{"epoch": n, "epochs": 6, "val_ap": ap * n / 6} for n in range(1, 7)]
    outcome = {"ap": {"kpu8": ap, "FP32": ap}, "val_ap": ap, "curve": curve}
    return Entry(number, training, "complete", outcome, elapsed_s=float(number), **more)


def test_the_same_history_gives_the_same_decisions(make: Make, plan: SearchPlan) -> None:
    entries = [complete(n, one.training, 0.5) for n, one in enumerate(plan.designs[:3])]
    steps = [make(*entries, proposer="composite").next_step(False) for _ in range(2)]
    assert isinstance(steps[0], Training) and steps[0] == steps[1]


def test_what_another_driver_has_is_not_counted_as_running(make: Make, plan: SearchPlan) -> None:
    """A training that is claimed elsewhere is passed over, and its place in the budget taken."""
    one = make(budget=2)
    wanted = one.next_step(False)
    assert isinstance(wanted, Training) and one.running == 0
    one.update([Entry(0, wanted, "running", elsewhere=True)])
    other = begin(one, 1)
    assert other.training != wanted and one.next_step(False) == Wait()
    # The other driver died: its training is this one's to begin anew.
    one.update([], orphans=[wanted])
    assert one.next_step(False) == wanted


def test_the_last_driver_waits_for_the_others(make: Make, plan: SearchPlan) -> None:
    theirs = plan.designs[0].training
    one = make(Entry(0, theirs, "running", elsewhere=True), budget=1)
    assert one.running == 0 and one.next_step(False) == Wait()
    one.update([complete(0, theirs, 0.5, elsewhere=True)])
    assert one.next_step(False) is None


def test_time_that_is_up_begins_nothing_and_waits_for_what_runs(make: Make) -> None:
    one = make()
    task = begin(one, 0)
    assert one.next_step(time_is_up=True) == Wait()
    assert one.judge(task, Epoch(1, 6, 1.0, 0.1, 1.0), time_is_up=True) is TrialAction.PAUSE
    one.paused(task)
    assert one.next_step(time_is_up=True) is None and one.ended_here == 0


def test_a_hopeless_training_is_stopped_and_what_beat_it_is_kept(
    make: Make, plan: SearchPlan
) -> None:
    costs = sorted(plan.designs, key=lambda one: (one.latency_ms, one.file_bytes))
    best = [complete(n, one.training, 0.9) for n, one in enumerate(costs[:5])]
    dearest = costs[-1].training
    one = make(*best, early_stopping=True, budget=9)
    audited = one._stopper is not None and one._stopper.is_audited(dearest)
    task = one.began(dearest, 7)
    for epoch in (1, 2):
        action = one.judge(task, Epoch(epoch, 6, 1.0, 0.01, float(epoch)), time_is_up=False)
    assert not audited and action is TrialAction.STOP
    outcome = one.stopped_outcome(task)
    assert (outcome["epochs"], outcome["val_ap"], outcome["seconds"]) == (2, 0.01, 2.0)
    assert outcome[BEATEN]["epoch"] == 2 and outcome[BEATEN]["by"] in {
        entry.training.id for entry in best
    }
    assert one.outcome(task, {"stopped": True})[BEATEN] == outcome[BEATEN]


def test_failures_in_a_row_are_noticed_and_forgiven(make: Make) -> None:
    one = make(budget=8)
    for number in range(MAX_FAILURES_IN_A_ROW):
        assert not one.keeps_failing
        task = begin(one, number)
        one.ended(task, Entry(number, task.training, "failed", {"error": "gone"}), failed=True)
    assert one.keeps_failing
    task = begin(one, 9)
    one.ended(task, complete(9, task.training, 0.5))
    assert not one.keeps_failing and one.ended_here == MAX_FAILURES_IN_A_ROW + 1


def test_a_search_ends_where_nothing_is_to_be_gained(
    make: Make, plan: SearchPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [complete(n, one.training, 0.5) for n, one in enumerate(plan.designs[:4])]
    settings = {"proposer": "composite", "early_stopping": True}
    monkeypatch.setattr(scheduler, "WORTH", 1e-6)
    assert isinstance(make(*entries, **settings).next_step(False), Training)
    monkeypatch.setattr(scheduler, "WORTH", 2.0)
    one = make(*entries, **settings)
    assert one.next_step(False) is None and one.nothing_to_gain
    assert isinstance(make(*entries, proposer="composite").next_step(False), Training)


def test_only_the_front_is_measured_and_each_file_once(make: Make, plan: SearchPlan) -> None:
    costs = sorted(plan.designs, key=lambda one: (one.latency_ms, one.file_bytes))
    front, behind = complete(0, costs[0].training, 0.9), complete(1, costs[-1].training, 0.1)
    one = make(front, behind, budget=2)
    assert one.next_step(False) is None and one.measuring is None
    one.begin_measuring([front, behind])
    assert one.next_measure() == Task("measure", front.training, 0)
    one.measured()
    assert one.measuring is not None and (one.measuring.done, one.measuring.wanted) == (1, 1)
    assert one.next_measure() is None
    for known in (replace(front, measures={"kmodel_ap": 0.9}), replace(front, elsewhere=True)):
        again = make(known, behind, budget=2)
        again.begin_measuring([known, behind])
        assert again.next_measure() is None
    without = make(front, behind, budget=2, measure_kmodels=False)
    without.begin_measuring([front, behind])
    assert without.next_measure() is None


def test_a_design_on_the_front_is_looked_at_in_every_format(make: Make, plan: SearchPlan) -> None:
    done = replace(complete(0, plan.designs[0].training, 0.9), measures={"kmodel_ap": 0.9})
    done.outcome["ap"] = {"kpu8": 0.9}
    for lacking, tasks in ((True, 1), (False, 0)):
        if not lacking:
            done.outcome["ap"] |= dict.fromkeys(plan.space.format, 0.8)
        one = make(done, budget=1)
        one.begin_measuring([done])
        assert one.measuring is not None and one.measuring.wanted == tasks


def test_room_on_the_disk_is_asked_for_what_is_left(make: Make, plan: SearchPlan) -> None:
    entries = [complete(n, one.training, 0.5) for n, one in enumerate(plan.designs[:4])]
    assert make(budget=8).needed_bytes() == 8 * 16 * plan.largest_parameters
    assert make(*entries, budget=5).needed_bytes() == 16 * plan.largest_parameters
