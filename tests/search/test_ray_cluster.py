"""A Ray cluster of several nodes on this machine that share no folder but the trace file."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import ray
import yaml  # type: ignore[import-untyped]
from ray.cluster_utils import Cluster

from dse.workers.executor import Executor, Task, TaskRunner
from dse.workers.file_sets import FileSet
from dse.workers.ray_executor import SETTINGS, RayExecutor
from tests.search import fake_training
from tests.search.executor_contract import ExecutorContract, ScriptedCoordinator, runner, tasks
from tests.search.fake_training import EPOCHS, PICTURE, worked
from tests.search.search_process import started

pytestmark = pytest.mark.ray

QUIET: dict[str, Any] = {
    "object_store_memory": 80 << 20,
    "include_dashboard": False,
    "include_log_monitor": False,
    "no_monitor": True,
}
"""Of a node: nothing but what runs tasks."""


def new_node(cluster: Cluster, **arguments: Any) -> Any:
    """Adds a node, at the third try at last: Ray gives its processes 15 and 30 s to start, which
    can be too short on a busy machine."""
    for _ in range(2):
        with suppress(Exception):
            return cluster.add_node(**arguments, **QUIET)
    return cluster.add_node(**arguments, **QUIET)


class Nodes:
    """A head without cores, and nodes of one core with a cache each."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.cluster = Cluster()
        new_node(self.cluster, num_cpus=0)
        self.caches: dict[str, Path] = {}

    @property
    def address(self) -> str:
        return self.cluster.address

    def add(self, name: str, cores: int = 1, **resources: Any) -> Any:
        self.caches[name] = self.root / name
        variables = {"DSE_CACHE": str(self.caches[name])}
        return new_node(self.cluster, num_cpus=cores, env_vars=variables, **resources)


@pytest.fixture(scope="module", autouse=True)
def environment() -> Iterator[None]:
    """Nodes inherit it: where the fake training is, and Ray's settings."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[2]), prepend=os.pathsep)
        for name, value in SETTINGS.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """Two nodes, and this process connected to them."""
    made = Nodes(tmp_path_factory.mktemp("nodes"))
    made.add("first")
    made.add("second")
    ray.init(address=made.address, log_to_driver=False)
    yield made
    ray.shutdown()
    made.cluster.shutdown()


@pytest.fixture()
def trace(tmp_path: Path) -> Path:
    return tmp_path / "trace"


class TestCluster(ExecutorContract):
    on_its_disk = False

    @pytest.fixture(autouse=True)
    def _on(self, nodes: Nodes) -> None:
        self.address = nodes.address

    def make(self) -> Executor:
        return RayExecutor(address=self.address, workers=1)


def test_nodes_get_what_they_need_and_the_driver_what_they_leave(
    nodes: Nodes, trace: Path, tmp_path: Path
) -> None:
    """Workers fail where they open anything under the study's folder or the picture's."""
    here = tmp_path / "driver"
    here.mkdir()
    (here / "picture").write_bytes(PICTURE)
    work = runner(trace, epoch_s=0.3, picture=str(here / "picture"), hidden=str(here))
    work = TaskRunner(work.job, here / "trainings", work.train, work.measure)
    coordinator = ScriptedCoordinator([*tasks(4), Task("measure", tasks(1)[0].training, 4)])
    RayExecutor(address=nodes.address).run(work, coordinator)
    assert set(coordinator.ended.values()) == {"finished"} and coordinator.at_once == 2, (
        coordinator.results
    )
    for task in tasks(4):
        left = {file.name for file in (here / "trainings" / task.training.id).iterdir()}
        kmodel = {"kmodel.json"} if task.number == 0 else set()
        assert left == {"metrics.json", "checkpoint.json", *kmodel}
    key = FileSet({"a/picture": PICTURE}).key
    for name in ("first", "second"):
        assert (nodes.caches[name] / "file_sets" / key / "a/picture").read_bytes() == PICTURE
    assert len({process for _, _, process in worked(trace)}) == 2


def test_the_tasks_of_a_node_that_dies_go_on_elsewhere(nodes: Nodes, trace: Path) -> None:
    """At the loss of the epoch in flight; its checkpoints were with the driver already."""
    third = nodes.add("third")

    def kill() -> None:
        while len(worked(trace)) < 9:
            time.sleep(0.02)
        nodes.cluster.remove_node(third, allow_graceful=False)

    killer = threading.Thread(target=kill)
    killer.start()
    coordinator = ScriptedCoordinator(tasks(3))
    RayExecutor(address=nodes.address, workers=3).run(runner(trace, epoch_s=0.5), coordinator)
    killer.join()
    assert coordinator.ended == dict.fromkeys(range(3), "finished")
    epochs = Counter((id, epoch) for id, epoch, _ in worked(trace))
    assert len(epochs) == 3 * EPOCHS and epochs.total() <= 3 * EPOCHS + 1
    moved = [id for id, _ in epochs if len({p for i, _, p in worked(trace) if i == id}) == 2]
    assert len(set(moved)) == 1


def test_workers_take_a_share_of_a_gpu(nodes: Nodes, trace: Path) -> None:
    """A GPU that the node claims to have: two workers share it, where there are three cores."""
    node = nodes.add("with GPU", cores=2, num_gpus=1)
    try:
        executor = RayExecutor(address=nodes.address, workers=2)
        work, coordinator = (
            replace(runner(trace, epoch_s=0.2), train=fake_training.train_on_gpu),
            ScriptedCoordinator(tasks(3)),
        )
        executor.run(work, coordinator)
        assert coordinator.ended == dict.fromkeys(range(3), "finished"), coordinator.results
        assert len({process for _, _, process in worked(trace)}) == 2
    finally:
        nodes.cluster.remove_node(node)


def test_a_head_that_dies_ends_the_search_which_can_go_on(
    tmp_path: Path, small_space: Path, trace: Path
) -> None:
    """In a process of its own: Ray would end this one, too."""
    cluster = Cluster()
    new_node(cluster, num_cpus=2)
    results = tmp_path / "results"
    arguments = [results, small_space, trace, 1.0, 2, "ray", f"address={cluster.address}"]
    search = started(*arguments, stderr=subprocess.PIPE)
    try:
        while len(worked(trace)) < 4:
            assert search.poll() is None, search.communicate()
            time.sleep(0.05)
        assert cluster.head_node is not None
        cluster.head_node.kill_gcs_server(check_alive=False)
        _, said = search.communicate(timeout=120)
    finally:
        cluster.shutdown()
    assert search.returncode == 1
    assert "HeadLost: the head of the Ray cluster" in said and "run with --resume" in said
    arguments = [results, small_space, trace, 0.0, 2, "inline", "resume"]
    again = started(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    _, complaint = again.communicate()
    assert again.returncode == 0, complaint
    epochs = Counter((id, epoch) for id, epoch, _ in worked(trace) if epoch != "kmodel")
    assert len(epochs) == 2 * EPOCHS and epochs.total() <= 2 * EPOCHS + 2


def test_the_cluster_file_is_one_of_rays() -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    path = Path(__file__).parents[2] / "docs" / "cluster.yaml"
    config = prepare_config(yaml.safe_load(path.read_text()))
    validate_config(config)
    assert config["max_workers"] == len(config["provider"]["worker_ips"])
