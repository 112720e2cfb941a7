"""Ray takes seconds to start: all of it is tested here, on one cluster of two workers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import ray
from ray.air.execution._internal import event_manager
from ray.exceptions import NodeDiedError, OutOfMemoryError, RayActorError

from dse.search import load_study, plan_search, run_search
from dse.study.shared_journal import SharedJournal
from dse.workers.executor import Executor
from dse.workers.ray_executor import RayExecutor
from dse.workers.scratch import scratch_folder
from tests.search.executor_contract import (
    TRAININGS,
    ExecutorContract,
    ScriptedCoordinator,
    runner,
    tasks,
)
from tests.search.fake_training import DIED, EPOCHS, backend, worked
from tests.search.fixtures import Search
from tests.search.search_process import started

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayExecutor]:
    """Ray, started once as a search starts it."""
    executor = RayExecutor(workers=2)
    with pytest.MonkeyPatch.context() as patch, scratch_folder() as scratch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        with executor.cluster(scratch):
            yield executor


@pytest.mark.usefixtures("cluster")
class TestRay(ExecutorContract):
    def make(self) -> Executor:
        return RayExecutor(workers=1)


def test_workers_stay_and_one_that_is_killed_costs_an_epoch_at_most(
    cluster: RayExecutor, tmp_path: Path
) -> None:
    """A training that kills every worker it gets is given up; the others do not notice."""
    trace = tmp_path / "trace"
    killed: list[int] = []

    def kill_one() -> None:
        while len(worked(trace)) < 3 * EPOCHS:
            time.sleep(0.005)
        killed.append(worked(trace)[-1][2])
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    coordinator = ScriptedCoordinator(tasks(12))
    cluster.run(runner(trace, epoch_s=0.05, trouble=f"death:{TRAININGS[5].id}"), coordinator)
    killer.join()
    assert coordinator.ended == {**dict.fromkeys(range(12), "finished"), 5: "failed"}
    assert (
        "died 3 times; is there enough memory" in coordinator.results[5].message
        and coordinator.at_once == 2
    )
    epochs = Counter((id, epoch) for id, epoch, _ in worked(trace))
    assert len(epochs) == 11 * EPOCHS and epochs.total() <= 11 * EPOCHS + 1
    processes = {process for _, _, process in worked(trace)}
    assert killed[0] in processes and os.getpid() not in processes
    assert len(processes) <= 2 + 4, "two workers, and one for each that died: 12, if none stayed"


def test_a_worker_out_of_memory_fails_its_training_and_lives_on(
    cluster: RayExecutor, tmp_path: Path
) -> None:
    """Out of the system's memory it would be killed, as in the test above."""
    trace = tmp_path / "trace"
    coordinator = ScriptedCoordinator(tasks(4))
    cluster.run(runner(trace, trouble=f"memory:{TRAININGS[1].id}"), coordinator)
    assert coordinator.ended == {0: "finished", 1: "failed", 2: "finished", 3: "finished"}
    assert coordinator.results[1].message == "MemoryError"
    assert len({process for _, _, process in worked(trace)}) <= 2


@pytest.mark.parametrize("error", [OutOfMemoryError, NodeDiedError])
def test_a_worker_that_ray_kills_is_as_dead_as_any(
    cluster: RayExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Any
) -> None:
    """When a node is short of memory, Ray's monitor kills a worker, and tells it by this error
    where Tune waits for the worker's results; here another SIGKILL is told so."""

    def told_otherwise(future: Any) -> Any:
        try:
            return ray.get(future)
        except RayActorError as death:
            raise error(str(death)) from None

    own_get = SimpleNamespace(**{**vars(ray), "get": told_otherwise})
    monkeypatch.setattr(event_manager, "ray", own_get)
    coordinator = ScriptedCoordinator(tasks(3))
    work = runner(tmp_path / "trace", trouble=f"one-death:{TRAININGS[1].id}")
    cluster.run(work, coordinator)
    assert (work.trainings / TRAININGS[1].id / DIED).exists()
    assert coordinator.ended == dict.fromkeys(range(3), "finished")


@pytest.mark.usefixtures("cluster")
def test_a_driver_that_is_killed_takes_its_workers_with_it(
    tmp_path: Path, small_space: Path
) -> None:
    """Or they would write beside those of the driver that goes on."""
    trace, results = tmp_path / "trace", tmp_path / "results"
    address = f"address={ray.get_runtime_context().gcs_address}"
    arguments = [results, small_space, trace, 0.2, 4, "ray", address]
    driver = started(*arguments)
    while len(worked(trace)) < 5:
        assert driver.poll() is None
        time.sleep(0.01)
    driver.kill()
    driver.wait()
    out, _ = started(*arguments, "resume", stdout=subprocess.PIPE).communicate()
    assert json.loads(out)["trained"] == 4
    epochs = Counter((id, epoch) for id, epoch, _ in worked(trace) if epoch != "kmodel")
    assert len(epochs) == 4 * EPOCHS and epochs.total() <= 4 * EPOCHS + 2
    killed = {process for _, _, process in worked(trace)[:5]}
    assert not killed & {process for _, _, process in worked(trace)[-5:]}


def test_a_whole_search(
    cluster: RayExecutor,
    options: Callable[..., Search],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    chosen = options(budget=8, executor="ray", workers=2, early_stopping=True, seed=2)
    report = run_search(*chosen, backend(tmp_path / "trace"))
    assert report.trained + report.stopped_early == 8 and report.failed == 0
    assert all(row.file_ap > 0 for row in report.front if row.deployable)
    entries = load_study(chosen.results / "k210-001").entries
    assert [entry.state for entry in entries].count("stopped") == report.stopped_early
    shown = capfd.readouterr()
    assert shown.out == ""
    first, *lines = shown.err.splitlines()
    assert first.startswith("16 of 32 candidates fit"), shown.err
    assert all("trained " in line for line in lines), shown.err


@pytest.mark.usefixtures("cluster")
def test_the_last_driver_of_a_study_waits_for_the_others(
    options: Callable[..., Search], tmp_path: Path
) -> None:
    trace, url = tmp_path / "trace", f"sqlite:///{tmp_path / 'studies.db'}"
    first = options(budget=1, storage=url, study="ours")
    run_search(*first, backend(trace))
    other = SharedJournal(url, "ours", "other", tmp_path / "other.log")
    plan = plan_search(first.request)
    done = {id for id, _, _ in worked(trace)}
    theirs = next(d.training for d in plan.designs if d.training.id not in done)
    number = other.start(theirs, plan.space)
    assert number is not None

    def finish() -> None:
        while len(load_study(first.results / "ours").entries) < 3:
            time.sleep(0.05)
        time.sleep(2)
        other.finish(number, (0.5, 10.0, 1000), {"ap": {"kpu8": 0.5}, "stopped": False}, 1.0)

    finisher = threading.Thread(target=finish)
    finisher.start()
    more = first.changed(resume=True, budget=3, space=None, executor="ray", workers=2)
    report = run_search(*more, backend(trace))
    finisher.join()
    assert report.trained == 3 and theirs.id not in {id for id, _, _ in worked(trace)}
