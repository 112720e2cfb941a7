"""Tasks run by Ray Tune: worker processes on this machine, or on a cluster.

Tune asks a searcher for trials and a scheduler whether one goes on; here both only pass the
question on to the coordinator. A Tune trial is one task. When a worker dies, its task is handed out
again and goes on from its checkpoint.
"""

from __future__ import annotations

import logging
import math
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from dse.errors import StudyError
from dse.workers.cores import available_cores, default_workers
from dse.workers.executor import Coordinator, Executor, TaskRunner
from dse.workers.scratch import scratch_folder

__all__ = ["RayExecutor"]

OBJECT_STORE_BYTES = 100 << 20
"""Of a cluster of our own, where only settings travel through it: features lie in memory-mapped
files."""

SETTINGS = {
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_TRAIN_ENABLE_V2_MIGRATION_WARNINGS": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "1000000000",
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
    "TUNE_WARN_THRESHOLD_S": "1000000",
}
"""Read by Ray when it is loaded: no reports of its own, no files we do not need, no handling of
Ctrl-C, and under `uv run` workers in this environment, not in a copy of the folder that would
have to be built first."""


class RayExecutor(Executor):
    """Worker processes that stay for the whole search.

    workers: tasks at a time; None: one a core, on this machine eight at most. address: a running
    cluster ("auto", "host:port"), whose nodes need not see the study's folder; None starts one
    for this search alone, and ends it afterwards. verbose: let Ray talk on stderr.
    """

    interruptible = False

    def __init__(
        self, workers: int | None = None, address: str | None = None, verbose: bool = False
    ) -> None:
        self._workers, self._address, self._verbose = workers, address, verbose

    def run(self, runner: TaskRunner, coordinator: Coordinator) -> None:
        """Runs every task the coordinator hands out. Raises StudyError for a cluster that cannot be
        reached, or whose head dies."""
        with scratch_folder() as scratch, _quiet(self._verbose), self.cluster(scratch):
            from dse.workers.ray_watch import run_watched

            run_watched(lambda: self._tune(runner, coordinator, scratch))

    def _tune(self, runner: TaskRunner, coordinator: Coordinator, scratch: Path) -> None:
        from ray import tune

        from dse.workers.ray_files import LocalFiles, RemoteFiles, start_file_server
        from dse.workers.ray_private import every_death_survived
        from dse.workers.ray_tune import CoordinatorScheduler, CoordinatorSearcher, TuneBridge
        from dse.workers.ray_worker import TaskWorker

        bridge = TuneBridge(coordinator, runner.trainings)
        workers, share = self._share_out()
        away = self._address is not None
        files = RemoteFiles(runner, start_file_server(runner)) if away else LocalFiles(runner)
        worker = tune.with_parameters(TaskWorker, files=files, threads=share["cpu"])
        tuner = tune.Tuner(
            tune.with_resources(worker, share),
            tune_config=tune.TuneConfig(
                search_alg=CoordinatorSearcher(bridge),
                scheduler=CoordinatorScheduler(bridge),
                num_samples=-1,
                max_concurrent_trials=workers,
                reuse_actors=True,
            ),
            run_config=tune.RunConfig(
                name="tune",
                storage_path=str(scratch),
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                verbose=0,
            ),
        )
        try:
            with every_death_survived():
                tuner.fit()
        except Exception:
            # Tune may wrap what the coordinator raised; the coordinator's own error says more.
            if bridge.error is None:
                raise
        if bridge.error is not None:
            raise bridge.error

    def _share_out(self) -> tuple[int, dict[str, float]]:
        """Workers at a time, and what each takes of its node: cores, and its share of a GPU.

        Raises StudyError for a cluster without cores.
        """
        import ray

        known: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
        nodes = [node["Resources"] for node in known if node["Alive"]]
        cores = [int(node["CPU"]) for node in nodes if node.get("CPU", 0) >= 1]
        if not cores:
            raise StudyError("the Ray cluster has no cores", "start nodes with 'ray start'")
        if self._address is None:
            workers = self._workers or default_workers()
            share: dict[str, float] = {"cpu": max(1, available_cores() // workers)}
        else:
            workers = self._workers or sum(cores)
            share = {"cpu": max(1, min([*cores, sum(cores) // workers]))}
        gpus = int(sum(node.get("GPU", 0) for node in nodes))
        if gpus:
            share["gpu"] = 1 / math.ceil(workers / gpus)
        return workers, share

    @contextmanager
    def cluster(self, scratch: Path) -> Iterator[None]:
        """Connects to a cluster or starts one with its files in `scratch`; ends what it began.

        Inside, `run` uses what is there: several runs can share one start.
        Raises StudyError when Ray cannot be reached or started.
        """
        os.environ.update(SETTINGS)
        import ray

        if ray.is_initialized():
            yield
            return
        settings: dict[str, Any] = {
            "log_to_driver": self._verbose,
            "logging_level": logging.INFO if self._verbose else logging.ERROR,
        }
        if self._address is None:
            settings |= {
                "num_cpus": max(self._workers or 1, available_cores()),
                "object_store_memory": OBJECT_STORE_BYTES,
                "include_dashboard": False,
                "_temp_dir": str(scratch / "ray"),
            }
        else:
            settings["address"] = self._address
        try:
            _start(settings)
        except Exception as error:  # Ray raises bare ones, too
            where = self._address or "this machine"
            raise StudyError(
                f"Ray does not start on {where}: {error}",
                "check --ray-address, or use --executor inline",
            ) from error
        from dse.workers.ray_watch import HeadLost

        try:
            yield
        except HeadLost:
            raise  # there is nothing left to take leave of
        except BaseException:
            ray.shutdown()
            raise
        ray.shutdown()


def _start(settings: dict[str, Any]) -> None:
    """Starts Ray, twice if need be: it gives its own processes 30 s, which can be too short on
    a busy machine."""
    import ray

    for last_try in (False, True):
        try:
            with _handlers_kept():
                ray.init(**settings)
                return
        except Exception:
            ray.shutdown()
            if last_try:
                raise


@contextmanager
def _handlers_kept() -> Iterator[None]:
    """Ray sets a handler for SIGTERM that ends the process: puts back the one before."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def _quiet(verbose: bool) -> Iterator[None]:
    """Keeps Ray's loggers to themselves, unless they are wanted.

    What Ray prints all the same (a worker that died) goes to stderr: stdout is for data.
    """
    loggers = [logging.getLogger(name) for name in ("ray", "ray.tune", "ray.train", "ray.data")]
    before = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.INFO if verbose else logging.CRITICAL)
        with redirect_stdout(sys.stderr):
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
