"""Where tasks run: the contract between a driver, which decides, and an executor, which runs."""

from __future__ import annotations

import abc
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar, Literal

from dse.files import disk_full, make_folder
from dse.plain import plain
from dse.space import Training

__all__ = [
    "Coordinator",
    "Epoch",
    "Executor",
    "Failure",
    "Paused",
    "Task",
    "TaskRunner",
    "TrialAction",
    "Wait",
]


@dataclass(frozen=True)
class Task:
    """One piece of work: train a design, or measure its compiled file.

    number: the trial it belongs to.
    """

    kind: Literal["train", "measure"]
    training: Training
    number: int


@dataclass(frozen=True)
class Wait:
    """Nothing to do yet: the answer depends on a task that is running."""


class TrialAction(Enum):
    """What the coordinator answers to an epoch report."""

    CONTINUE = "continue"
    STOP = "stop"
    """End the training now and for good: it can no longer matter."""
    PAUSE = "pause"
    """Leave it: its checkpoint is on the disk, and a later run goes on from there."""


@dataclass(frozen=True)
class Epoch:
    """A training after `epoch` of `epochs`: what the search needs of a report.

    val_ap: on the validation pictures. seconds: since the training began.
    """

    epoch: int
    epochs: int
    loss: float
    val_ap: float
    seconds: float


class Paused(BaseException):
    """Raised out of `report`, through the training, when the coordinator said PAUSE.

    No `Exception`, so that no training can take it for an error of its own.
    """


@dataclass(frozen=True)
class Failure:
    """Why a task failed: one line, the traceback, and whether the disk was full."""

    message: str
    traceback: str = ""
    disk_full: bool = False

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """What there is to say about `error`, its hint and its causes included."""
        import traceback

        hint = getattr(error, "hint", "")
        said = ": ".join(filter(None, (type(error).__name__, str(error))))  # MemoryError is mute
        message = said + (f" ({hint})" if hint else "")
        return cls(message, "".join(traceback.format_exception(error)), disk_full(error))


@dataclass(frozen=True)
class TaskRunner:
    """Everything a worker needs; it travels to other processes, so all of it pickles.

    train(job, training, folder, report) -> Outcome and measure(job, training, folder) ->
    CompiledMeasure are functions of an importable module; both results are dataclasses.
    `report` takes whatever has the fields of `Epoch`, and returns whether to go on.
    trainings: where every training has its folder.
    """

    job: Any
    trainings: Path
    train: Callable[[Any, Training, Path, Callable[[Any], bool]], Any]
    measure: Callable[[Any, Training, Path], Any]

    def run(self, task: Task, report: Callable[[Epoch], bool]) -> dict[str, Any]:
        """Runs `task` in this process; its result as plain values, NaN as None.

        Plain, because the driver must not load TensorFlow to read what a worker found.
        Raises whatever the training raises.
        """
        folder = make_folder(self.trainings / task.training.id)
        if task.kind == "measure":
            return _as_dict(self.measure(self.job, task.training, folder))
        result = self.train(self.job, task.training, folder, lambda seen: report(_epoch(seen)))
        return _as_dict(result)


class Coordinator(abc.ABC):
    """What an executor asks, and tells. The driver implements it.

    Calls come one at a time, all from the same thread. An exception
    out of any of them ends `run`, which raises it.
    """

    @abc.abstractmethod
    def next_task(self) -> Task | Wait | None:
        """A task for a free worker; Wait: ask again after the next event; None: no more."""

    @abc.abstractmethod
    def reported(self, task: Task, report: Epoch) -> TrialAction:
        """An epoch of `task` ended, and its checkpoint is written."""

    @abc.abstractmethod
    def finished(self, task: Task, result: dict[str, Any]) -> None:
        """`task` returned `result`: an Outcome or a CompiledMeasure, as plain values."""

    @abc.abstractmethod
    def stopped(self, task: Task) -> None:
        """`task` was ended by STOP, and no Outcome came back."""

    @abc.abstractmethod
    def paused(self, task: Task) -> None:
        """`task` was left by PAUSE."""

    @abc.abstractmethod
    def failed(self, task: Task, failure: Failure) -> None:
        """`task` raised, or its worker died more often than can be chance."""

    @abc.abstractmethod
    def tick(self) -> None:
        """Called between other calls, several times a second where that is possible."""


class Executor(abc.ABC):
    """Runs tasks on workers.

    Lifetime: made for one search; `run` is called once, takes tasks from the coordinator as workers
    get free, and returns when the coordinator has no more and all are done. Each task ends in
    exactly one of `finished`, `stopped`, `paused` or `failed`, unless `run` raises. Whatever
    `run` started (processes, temporary files) is gone when it returns or raises.

    interruptible: a KeyboardInterrupt may be raised anywhere inside `run`. Where it is False,
    it may come out of `Coordinator.tick` only.
    """

    interruptible: ClassVar[bool]

    @abc.abstractmethod
    def run(self, runner: TaskRunner, coordinator: Coordinator) -> None:
        """Runs every task the coordinator hands out."""


def _epoch(seen: Any) -> Epoch:
    return Epoch(**{item.name: getattr(seen, item.name) for item in fields(Epoch)})


def _as_dict(result: Any) -> dict[str, Any]:
    found: dict[str, Any] = plain(asdict(result))
    return found
