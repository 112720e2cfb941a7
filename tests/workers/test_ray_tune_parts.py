"""What the relay makes of Tune's events; with Ray itself it is tested in test_ray_executor.py."""

from __future__ import annotations

import pytest

from dse.workers.executor import Epoch, Task
from dse.workers.ray_tune_parts import MAX_DEATHS, Relay
from dse.workers.ray_worker import EPOCH
from tests.search.executor_contract import ScriptedDesk, tasks

pytestmark = pytest.mark.ray


def die(relay: Relay, last_epoch: int) -> None:
    """The next task works up to an epoch, whose report is its last."""
    assert isinstance(relay.next_task("trial"), Task)
    for epoch in range(1, last_epoch + 1):
        relay.may_continue("trial", {EPOCH: Epoch(epoch, 9, 1.0, 0.1, 1.0)})
    relay.ended("trial", None, died=True)


def test_a_task_that_kills_its_workers_is_given_up() -> None:
    desk = ScriptedDesk(tasks(1))
    relay = Relay(desk)
    for _ in range(MAX_DEATHS):
        die(relay, 4)
        assert desk.ended == {}
    die(relay, 4)
    assert desk.ended == {0: "failed"}


def test_workers_that_die_of_other_things_are_no_reason_to_give_up() -> None:
    """Where nodes come and go, a long training sees many deaths, but gets further each time."""
    desk = ScriptedDesk(tasks(1))
    relay = Relay(desk)
    for last_epoch in range(1, 9):
        die(relay, last_epoch)
    assert desk.ended == {}
    for _ in range(MAX_DEATHS):
        die(relay, 8)
    assert desk.ended == {0: "failed"}
