"""How files get to the nodes of a cluster and back, where no disk is shared.

    driver's machine                           a node
    pictures, weights ── FileServer.batch ────▶  cache/file_sets/<checksum>/  once per node
    study's folder ───── FileServer.training ─▶  a folder of the task's own   when it begins
    study's folder ◀──── FolderChanges ────────  the same folder              after every epoch

Pictures are asked for in pieces, so that neither side holds a data set in memory. Features are
computed by each node for itself: that is a minute of work, and they are larger than the
pictures they come from. What a training leaves comes with Tune's results, and the driver
alone writes it down.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from dse.file_lock import only_one
from dse.files import make_folder, whole_folder, write_whole
from dse.workers.executor import Failure, Task, TaskRunner
from dse.workers.file_sets import FileSet, FolderChanges, FolderWatcher, ShippableJob
from dse.workers.scratch import scratch_folder

__all__ = ["LocalFiles", "RemoteFiles", "node_cache", "start_file_server"]

READERS = 8
"""Nodes that the file server serves at a time."""


class LocalFiles:
    """Tasks of a machine that sees the study's folder: nothing travels."""

    def __init__(self, runner: TaskRunner) -> None:
        self._runner = runner

    @contextmanager
    def opened(self, task: Task) -> Iterator[tuple[TaskRunner, Callable[[], FolderChanges | None]]]:
        """Where to do `task`; the function tells what changed in its folder since last asked."""
        yield self._runner, lambda: None

    def failure(self, error: BaseException) -> Failure:
        """What to tell the driver about an error of a task."""
        return Failure.of(error)


class RemoteFiles(LocalFiles):
    """Tasks of a node that does not.

    Everything comes from the file server: the job's files at the first task, the training's with
    each. The task's folder is gone when it ends.
    """

    def __init__(self, runner: TaskRunner, server: Any) -> None:
        super().__init__(runner)
        self._server = server

    @contextmanager
    def opened(self, task: Task) -> Iterator[tuple[TaskRunner, Callable[[], FolderChanges | None]]]:
        with scratch_folder() as trainings:
            folder = trainings / task.training.id
            make_folder(folder)
            left = _answer(self._server.training.remote(task.training.id))
            FolderChanges(left).unpack(folder)
            yield (
                replace(self._runner, job=self._job, trainings=trainings),
                FolderWatcher(folder).take,
            )

    def failure(self, error: BaseException) -> Failure:
        """Names the node; a disk that is full there is not the study's."""
        failure = Failure.of(error)
        message = f"on {socket.gethostname()}, {failure.message}"
        return replace(failure, message=message, disk_full=False)

    @cached_property
    def _job(self) -> Any:
        cache = node_cache()
        file_sets: dict[str, tuple[str, int]] = _answer(self._server.listing.remote())
        places = {
            name: self._unpacked(cache / "file_sets", name, key, count)
            for name, (key, count) in file_sets.items()
        }
        return self._runner.job.relocated(cache, places)

    def _unpacked(self, folder: Path, name: str, key: str, count: int) -> Path:
        """The folder of a file_set of `count` files, fetched if this node does not have it."""
        place = make_folder(folder) / key
        with only_one(folder / f"{key}.lock"):
            if not place.exists():
                with whole_folder(place) as fresh:
                    self._unpack(fresh, name, count)
        return place

    def _unpack(self, folder: Path, name: str, count: int) -> None:
        done = 0
        while done < count:
            files = _answer(self._server.batch.remote(name, done))
            for inside, content in files:
                make_folder((folder / inside).parent)
                write_whole(folder / inside, content, durable=False)  # thousands of pictures
            done += len(files)


class FileServer:
    """An actor on the driver's machine that reads for the nodes; it never writes."""

    def __init__(self, job: ShippableJob, trainings: Path) -> None:
        self._job, self._trainings = job, trainings
        self._opening = threading.Lock()

    def training(self, training_id: str) -> dict[str, bytes]:
        """What the study holds of a training: names and contents, empty at its first epoch."""
        folder = self._trainings / training_id
        files = [file for file in folder.glob("*") if not file.name.startswith(".")]
        return {file.name: file.read_bytes() for file in files}

    def listing(self) -> dict[str, tuple[str, int]]:
        """The job's sets of files by name: checksum, and number of files."""
        with self._opening:
            return {name: (one.key, len(one.files)) for name, one in self._file_sets.items()}

    def batch(self, name: str, start: int) -> list[tuple[str, bytes]]:
        """See `FileSet.batch`; after `listing`."""
        return self._file_sets[name].batch(start)

    @cached_property
    def _file_sets(self) -> dict[str, FileSet]:
        return self._job.file_sets()


def start_file_server(runner: TaskRunner) -> Any:
    """A file server on this machine; it ends with the handle, or with this process."""
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    actor = ray.remote(FileServer).options(
        num_cpus=0,
        scheduling_strategy=here,
        max_concurrency=READERS,
        max_restarts=-1,
        max_task_retries=-1,
    )
    return actor.remote(runner.job, runner.trainings)


def node_cache() -> Path:
    """This node's folder for pictures and features: DSE_CACHE, or the user's cache folder."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("DSE_CACHE") or Path(home) / "dse").resolve()


def _answer(reference: Any) -> Any:
    """What the file server answers; an error of its own as it was raised there."""
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None
