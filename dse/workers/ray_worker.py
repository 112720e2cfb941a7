"""A worker process: an actor of Ray Tune that stays, and runs one task after the other.

TensorFlow starts once per worker, not once per training. A task runs in a thread of its own,
because it reports by calling back, while Tune asks for one result at a time.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from ray import tune

from dse.space import Training
from dse.workers.executor import Epoch, Paused, Task
from dse.workers.file_sets import FolderChanges
from dse.workers.ray_files import LocalFiles

__all__ = [
    "CHANGES",
    "EPOCH",
    "FAILURE",
    "RESULT",
    "Finished",
    "TaskWorker",
    "task_from",
    "task_table",
]

EPOCH, RESULT, FAILURE = "dse_epoch", "dse_result", "dse_failure"
CHANGES = "dse_changes"
"""Keys of what a worker tells Tune; the last comes with an epoch or a result."""

THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")

SHARED_GPU = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
"""TensorFlow would take a GPU's whole memory, JAX three quarters of it, and leave too
little for the next worker on it. Which GPU is whose, Ray says in CUDA_VISIBLE_DEVICES."""


def task_table(task: Task) -> dict[str, Any]:
    """A task as a configuration of Tune's."""
    return {"kind": task.kind, "training": task.training.id, "number": task.number}


def task_from(config: dict[str, Any]) -> Task:
    """The task that `task_table` wrote."""
    return Task(config["kind"], Training.parse(config["training"]), config["number"])


class TaskWorker(tune.Trainable):
    """One worker.

    Lifetime, as Tune calls it: `setup` once per process, with the first task; `step` until a
    result is marked as done or Tune wants no more; `reset_config` with the next task;
    `cleanup` at the end. A task that is left in the middle (stopped, or out of time) gets a
    `Paused` out of its report and ends after the checkpoint that it has just written.
    """

    def setup(  # type: ignore[override]  # `with_parameters` adds the last two
        self, config: dict[str, Any], files: LocalFiles, threads: int
    ) -> None:
        """files: how it gets at them. threads: cores of this worker, before TensorFlow starts."""
        os.environ.update({**dict.fromkeys(THREADS, str(threads)), **SHARED_GPU})
        self._files = files
        self._running = _RunningTask(files, task_from(config))

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Leaves the task in hand, if it has not ended, and begins the next."""
        self._running.leave()
        self._running = _RunningTask(self._files, task_from(new_config))
        return True

    def step(self) -> dict[str, Any]:
        """Lets the task go on to its next epoch, or its end."""
        return self._running.next_message()

    def cleanup(self) -> None:
        """Leaves the task in hand."""
        self._running.leave()


@dataclass(frozen=True)
class Finished:
    """A result in a box that Tune does not open: it would flatten a dictionary."""

    result: dict[str, Any]


@dataclass(frozen=True)
class _Answer:
    go_on: bool


class _RunningTask:
    """A task in its thread: `next_message` answers the last report and waits for the next."""

    def __init__(self, files: LocalFiles, task: Task) -> None:
        self._files = files
        self._messages: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._answers: SimpleQueue[_Answer] = SimpleQueue()
        self._reporting = False
        self._thread = threading.Thread(target=self._work, args=(task,), daemon=True)
        self._thread.start()

    def next_message(self) -> dict[str, Any]:
        """The next epoch, result or failure, as Tune wants results."""
        if self._reporting:
            self._answers.put(_Answer(go_on=True))
        message = self._messages.get()
        self._reporting = EPOCH in message
        return message

    def leave(self) -> None:
        """Ends the task at its report, and waits until it has ended."""
        if self._thread.is_alive():
            self._answers.put(_Answer(go_on=False))
            self._thread.join()

    def _work(self, task: Task) -> None:
        try:
            with self._files.opened(task) as (runner, changes):
                result = runner.run(task, lambda epoch: self._report(epoch, changes()))
                end: dict[str, Any] = {RESULT: Finished(result), CHANGES: changes()}
        except Paused:
            return
        except BaseException as error:
            end = {FAILURE: self._files.failure(error)}
        self._messages.put({**end, "done": True})

    def _report(self, epoch: Epoch, changed: FolderChanges | None) -> bool:
        self._messages.put({EPOCH: epoch, CHANGES: changed})
        if not self._answers.get().go_on:
            raise Paused
        return True
