"""Trainings that take milliseconds: deterministic curves, real files, a real checkpoint.

The behaviour of `dse.workers.job` towards the search, without a network: it checkpoints each
epoch before it reports, replays finished epochs after a kill, and returns a finished outcome
at once when called again. A trace file counts what was really worked.
"""

from __future__ import annotations

import errno
import json
import math
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from dse.space import Training
from dse.study.settings import StudySettings
from dse.workers.backend import TrainingBackend
from dse.workers.file_sets import FileSet
from tests.process_limits import no_more_memory_than

EPOCHS = 6
PARTS = ("training", "validation", "evaluation")
PICTURE = b"a picture"
DIED = "died"
"""File in a training's folder: it has killed a process."""


@dataclass(frozen=True)
class FakeReport:
    epoch: int
    epochs: int
    loss: float
    val_ap: float
    seconds: float


@dataclass(frozen=True)
class FakeOutcome:
    training_id: str
    epochs: int
    stopped: bool
    seconds: float
    val_ap: float
    ap: dict[str, float]
    ap_square: dict[str, float | None]
    curve: list[FakeReport]


@dataclass(frozen=True)
class FakeKmodel:
    kmodel_ap: float
    kmodel_ap_square: float | None
    kmodel_bytes: int
    seconds: float


@dataclass(frozen=True)
class FakeJob:
    """epoch_s: time an epoch takes. trouble: what goes wrong, see `_has`.

    trace: file that every process may write to; nothing else is shared. picture: a file that
    every training reads; on another machine its copy. hidden: a folder of the driver's machine
    that a process on another one cannot open.
    """

    formats: tuple[str, ...]
    epoch_s: float
    trace: str
    trouble: str
    picture: str = ""
    hidden: str = ""

    def file_sets(self) -> dict[str, FileSet]:
        return {"data": FileSet({"a/picture": Path(self.picture)})} if self.picture else {}

    def relocated(self, cache: Path, places: Mapping[str, Path]) -> FakeJob:
        if self.hidden:
            _hide(self.hidden)
        return replace(self, picture=str(places["data"] / "a/picture") if places else "")


def final_ap(training: Training) -> float:
    """A smooth landscape: wider and larger is better, with a preference for breakpoint A."""
    size = training.canvas.area**0.5 / 320
    bonus = {"A": 0.06, "B": 0.0, "C": 0.04}[training.breakpoint]
    return round(min(0.99, 0.25 + 0.35 * size**0.5 + 0.25 * training.width**0.5 + bonus), 6)


def train(
    job: FakeJob, training: Training, folder: Path, report: Callable[[Any], bool]
) -> FakeOutcome:
    metrics, checkpoint = folder / "metrics.json", folder / "checkpoint.json"
    if metrics.exists():
        return _outcome(json.loads(metrics.read_text()))
    _trouble(job, training, folder)
    if job.picture:
        assert Path(job.picture).read_bytes() == PICTURE
    rows = json.loads(checkpoint.read_text()) if checkpoint.exists() else []
    curve = [FakeReport(**row) for row in rows]
    for past in curve:
        report(past)
    while len(curve) < EPOCHS:
        epoch = len(curve) + 1
        time.sleep(job.epoch_s)
        _write(Path(job.trace), f"{training.id} {epoch} {os.getpid()}\n")
        ap = final_ap(training) * (1 - 0.5**epoch)
        ap = math.nan if _has(job, training, "nan", "blind") else ap
        curve.append(FakeReport(epoch, EPOCHS, 1 / epoch, ap, epoch * job.epoch_s))
        _replace(checkpoint, json.dumps([asdict(seen) for seen in curve]))
        if not report(curve[-1]) and epoch < EPOCHS:
            return FakeOutcome(training.id, epoch, True, epoch * job.epoch_s, ap, {}, {}, curve)
    ap = math.nan if _has(job, training, "nan") else final_ap(training)
    of_formats = {format: ap - (0.4 if format == "Q6" else 0.01) for format in job.formats}
    outcome = FakeOutcome(
        training.id,
        EPOCHS,
        False,
        0.1,
        curve[-1].val_ap,
        of_formats,
        dict.fromkeys(of_formats),
        curve,
    )
    _replace(metrics, json.dumps(asdict(outcome)))
    return outcome


def train_on_gpu(*arguments: Any) -> Any:
    """Fails where the worker was not given the GPU, or would take all of its memory."""
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "0"
    assert os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
    assert os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false"
    return train(*arguments)


def measure(job: FakeJob, training: Training, folder: Path) -> FakeKmodel:
    stored = folder / "kmodel.json"
    if job.trouble == "compiler":
        raise RuntimeError("the compiler fell over")
    if not stored.exists():
        _write(Path(job.trace), f"{training.id} kmodel {os.getpid()}\n")
        _replace(stored, json.dumps({"kmodel_ap": final_ap(training) - 0.02}))
    return FakeKmodel(json.loads(stored.read_text())["kmodel_ap"], None, 1000, 0.1)


def backend(trace: Path, epoch_s: float = 0.0, trouble: str = "") -> TrainingBackend:
    """A backend around the functions above."""

    def make_job(study: StudySettings, cache: Path) -> FakeJob:
        return FakeJob(study.search_space().format, epoch_s, str(trace), trouble)

    checksum = "other" if trouble == "pictures" else "same"
    pictures = {"source": "fake:pictures", "checksum": checksum}
    about: dict[str, Any] = {f"{part}_pictures": pictures for part in PARTS}
    about["starting_weights"] = {"source": "fake"}
    return TrainingBackend(lambda settings: about, make_job, train, measure)


def worked(trace: Path) -> list[tuple[str, str, int]]:
    """(training id, epoch or "kmodel", process) of everything that was really worked."""
    lines = trace.read_text().splitlines() if trace.exists() else []
    return [(a, b, int(c)) for a, b, c in (line.split() for line in lines)]


def _hide(folder: str) -> None:
    """From here on this process fails where it opens, lists or makes anything under `folder`."""

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if any(isinstance(item, str | Path) and str(item).startswith(folder) for item in arguments):
            raise PermissionError(f"{event} {arguments}")

    sys.addaudithook(refuse)


def _has(job: FakeJob, training: Training, *troubles: str) -> bool:
    """`job.trouble` is a list of what[:start of a training's id]: fail raises, disk is a full
    disk, death kills the process, one-death only the first, memory asks for more than there is, nan
    and blind find no number for any AP, or for the validation AP."""
    items = [item.partition(":") for item in job.trouble.split()]
    return any(what in troubles and training.id.startswith(start) for what, _, start in items)


def _trouble(job: FakeJob, training: Training, folder: Path) -> None:
    if _has(job, training, "fail"):
        raise RuntimeError("the pictures went away")
    if _has(job, training, "disk"):
        raise OSError(errno.ENOSPC, "No space left on device")
    died = folder / DIED
    if _has(job, training, "death") or (_has(job, training, "one-death") and not died.exists()):
        died.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if _has(job, training, "memory"):
        with no_more_memory_than(1 << 38):
            bytearray(1 << 40)


def _outcome(table: dict[str, Any]) -> FakeOutcome:
    return FakeOutcome(**{**table, "curve": [FakeReport(**row) for row in table["curve"]]})


def _write(path: Path, line: str) -> None:
    with open(path, "a") as file:
        file.write(line)


def _replace(path: Path, text: str) -> None:
    beside = path.with_suffix(f".{os.getpid()}")
    beside.write_text(text)
    os.replace(beside, path)
