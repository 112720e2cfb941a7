"""How files get to the nodes of a cluster and back, where no disk is shared.

    driver's machine                          a node
    pictures, weights ──── Depot.batch ────▶  cache/parcels/<checksum>/   once per node
    study's folder ─────── Depot.training ─▶  a folder of the task's own  when it begins
    study's folder ◀────── Delivery ────────  the same folder             after every epoch

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
from dse.workers.executor import Failure, Task, Workbench
from dse.workers.parcels import Changes, Delivery, Parcel, TravellingJob
from dse.workers.scratch import scratch_folder

__all__ = ["Away", "Here", "node_cache", "open_depot"]

READERS = 8
"""Nodes that the depot serves at a time."""


class Here:
    """Tasks of a machine that sees the study's folder: nothing travels."""

    def __init__(self, workbench: Workbench) -> None:
        self._workbench = workbench

    @contextmanager
    def opened(self, task: Task) -> Iterator[tuple[Workbench, Callable[[], Delivery | None]]]:
        """Where to do `task`; the function tells what changed in its folder since last asked."""
        yield self._workbench, lambda: None

    def failure(self, error: BaseException) -> Failure:
        """What to tell the driver about an error of a task."""
        return Failure.of(error)


class Away(Here):
    """Tasks of a node that does not.

    Everything comes from the depot: the job's files at the first task, the training's with
    each. The task's folder is gone when it ends.
    """

    def __init__(self, workbench: Workbench, depot: Any) -> None:
        super().__init__(workbench)
        self._depot = depot

    @contextmanager
    def opened(self, task: Task) -> Iterator[tuple[Workbench, Callable[[], Delivery | None]]]:
        with scratch_folder() as trainings:
            folder = trainings / task.training.id
            make_folder(folder)
            left = _answer(self._depot.training.remote(task.training.id))
            Delivery(left).unpack(folder)
            yield replace(self._workbench, job=self._job, trainings=trainings), Changes(folder).take

    def failure(self, error: BaseException) -> Failure:
        """Names the node; a disk that is full there is not the study's."""
        failure = Failure.of(error)
        message = f"on {socket.gethostname()}, {failure.message}"
        return replace(failure, message=message, disk_full=False)

    @cached_property
    def _job(self) -> Any:
        cache = node_cache()
        parcels: dict[str, tuple[str, int]] = _answer(self._depot.listing.remote())
        places = {
            name: self._unpacked(cache / "parcels", name, key, count)
            for name, (key, count) in parcels.items()
        }
        return self._workbench.job.moved(cache, places)

    def _unpacked(self, folder: Path, name: str, key: str, count: int) -> Path:
        """The folder of a parcel of `count` files, fetched if this node does not have it."""
        place = make_folder(folder) / key
        with only_one(folder / f"{key}.lock"):
            if not place.exists():
                with whole_folder(place) as fresh:
                    self._unpack(fresh, name, count)
        return place

    def _unpack(self, folder: Path, name: str, count: int) -> None:
        done = 0
        while done < count:
            files = _answer(self._depot.batch.remote(name, done))
            for inside, content in files:
                make_folder((folder / inside).parent)
                write_whole(folder / inside, content, durable=False)  # thousands of pictures
            done += len(files)


class Depot:
    """An actor on the driver's machine that reads for the nodes; it never writes."""

    def __init__(self, job: TravellingJob, trainings: Path) -> None:
        self._job, self._trainings = job, trainings
        self._opening = threading.Lock()

    def training(self, training_id: str) -> dict[str, bytes]:
        """What the study holds of a training: names and contents, empty at its first epoch."""
        folder = self._trainings / training_id
        files = [file for file in folder.glob("*") if not file.name.startswith(".")]
        return {file.name: file.read_bytes() for file in files}

    def listing(self) -> dict[str, tuple[str, int]]:
        """The job's parcels by name: checksum, and number of files."""
        with self._opening:
            return {name: (one.key, len(one.files)) for name, one in self._parcels.items()}

    def batch(self, name: str, start: int) -> list[tuple[str, bytes]]:
        """See `Parcel.batch`; after `listing`."""
        return self._parcels[name].batch(start)

    @cached_property
    def _parcels(self) -> dict[str, Parcel]:
        return self._job.parcels()


def open_depot(workbench: Workbench) -> Any:
    """A depot on this machine; it ends with the handle, or with this process."""
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    actor = ray.remote(Depot).options(
        num_cpus=0,
        scheduling_strategy=here,
        max_concurrency=READERS,
        max_restarts=-1,
        max_task_retries=-1,
    )
    return actor.remote(workbench.job, workbench.trainings)


def node_cache() -> Path:
    """This node's folder for pictures and features: DSE_CACHE, or the user's cache folder."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("DSE_CACHE") or Path(home) / "dse").resolve()


def _answer(reference: Any) -> Any:
    """What the depot answers; an error of its own as it was raised there."""
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None
