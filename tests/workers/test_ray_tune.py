"""What the bridge makes of Tune's events; with Ray itself it is tested in test_ray_executor.py."""

from __future__ import annotations

import pytest

from dse.workers.executor import Epoch, Task
from dse.workers.ray_tune import MAX_DEATHS, TuneBridge
from dse.workers.ray_worker import EPOCH
from tests.search.executor_contract import ScriptedCoordinator, tasks

pytestmark = pytest.mark.ray


def die(bridge: TuneBridge, last_epoch: int) -> None:
    """The next task works up to an epoch, whose report is its last."""
    assert isinstance(bridge.next_task("trial"), Task)
    for epoch in range(1, last_epoch + 1):
        bridge.may_continue("trial", {EPOCH: Epoch(epoch, 9, 1.0, 0.1, 1.0)})
    bridge.ended("trial", None, died=True)


def test_a_task_that_kills_its_workers_is_given_up() -> None:
    coordinator = ScriptedCoordinator(tasks(1))
    bridge = TuneBridge(coordinator)
    for _ in range(MAX_DEATHS):
        die(bridge, 4)
        assert coordinator.ended == {}
    die(bridge, 4)
    assert coordinator.ended == {0: "failed"}


def test_workers_that_die_of_other_things_are_no_reason_to_give_up() -> None:
    """Where nodes come and go, a long training sees many deaths, but gets further each time."""
    coordinator = ScriptedCoordinator(tasks(1))
    bridge = TuneBridge(coordinator)
    for last_epoch in range(1, 9):
        die(bridge, last_epoch)
    assert coordinator.ended == {}
    for _ in range(MAX_DEATHS):
        die(bridge, 8)
    assert coordinator.ended == {0: "failed"}
