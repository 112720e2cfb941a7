"""Ray takes seconds to start: all of it is tested here, on one cluster of two workers."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from executor_contract import ExecutorContract, ScriptedDesk, tasks
from fake_training import EPOCHS, FakeJob, measure, train, worked, workshop

from dse.search import SearchOptions, load_study, run_search
from dse.search.executor import Executor, Workbench
from dse.search.ray_executor import RayExecutor


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayExecutor]:
    """Ray, started once as a search starts it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        executor = RayExecutor(workers=2)
        with executor.cluster(Path("/tmp") / f"dse-ray-test-{os.getpid()}"):
            yield executor


@pytest.mark.usefixtures("cluster")
class TestRay(ExecutorContract):
    def make(self) -> Executor:
        return RayExecutor(workers=2)


def bench(trace: Path, epoch_s: float) -> Workbench:
    job = FakeJob(("kpu8",), epoch_s, str(trace), "")
    return Workbench(job, trace.parent / "trainings", train, measure)


def test_two_workers_stay_for_all_trainings(cluster: RayExecutor, tmp_path: Path) -> None:
    desk = ScriptedDesk(tasks(6))
    cluster.run(bench(tmp_path / "trace", 0.05), desk)
    processes = Counter(process for _, _, process in worked(tmp_path / "trace"))
    assert len(processes) == 2 and os.getpid() not in processes and desk.at_once == 2


def test_a_killed_worker_costs_an_epoch_at_most(cluster: RayExecutor, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    killed: list[int] = []

    def kill_one() -> None:
        while len(worked(trace)) < 3:
            time.sleep(0.01)
        killed.append(worked(trace)[-1][2])
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    desk = ScriptedDesk(tasks(4))
    cluster.run(bench(trace, 0.05), desk)
    killer.join()
    assert desk.ended == dict.fromkeys(range(4), "finished")
    epochs = Counter((id, epoch) for id, epoch, _ in worked(trace))
    assert len(epochs) == 4 * EPOCHS and epochs.total() <= 4 * EPOCHS + 1
    assert killed[0] in {process for _, _, process in worked(trace)}


def test_a_training_that_kills_its_workers_is_given_up(
    cluster: RayExecutor, tmp_path: Path
) -> None:
    desk = ScriptedDesk(tasks(2))
    job = FakeJob(("kpu8",), 0.0, str(tmp_path / "trace"), "suicide")
    cluster.run(Workbench(job, tmp_path / "trainings", train, measure), desk)
    assert desk.ended == {0: "failed", 1: "finished"}
    assert "died 4 times" in desk.results[0].message


def test_a_whole_search(
    cluster: RayExecutor,
    options: Callable[..., SearchOptions],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    chosen = options(budget=8, executor="ray", workers=2, early_stopping=True, seed=2)
    report = run_search(chosen, workshop(tmp_path / "trace"))
    assert report.trained + report.stopped_early == 8 and report.failed == 0
    assert all(row["kmodel_ap"] > 0 for row in report.front if row["deployable"])
    entries = load_study(chosen.results / "k210-001").entries
    assert [entry.state for entry in entries].count("stopped") == report.stopped_early
    shown = capfd.readouterr()
    assert shown.out == ""
    assert all(" · trained " in line for line in shown.err.splitlines()), shown.err
