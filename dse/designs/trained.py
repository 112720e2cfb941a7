"""A network with its weights: a study's, or one of those that the package ships."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dse.canvas import Canvas, InputSize
from dse.chips import chip, load_target
from dse.defaults import TARGET
from dse.designs.selection import AtMost, choose_best, choose_design, job_of
from dse.detection.detector import Say
from dse.detection.head import Head
from dse.errors import StudyError, UnknownName, UsageError, WeightsError
from dse.network.families import BREAKPOINTS
from dse.space import FORMATS, Candidate, Training
from dse.study.folder import find_study, shared_cache
from dse.study.record import StudyRecord, load_study
from dse.training.recipe import Recipe
from dse.workers.job import load_weights
from dse.workers.training_job import Job, calibration_canvases

if TYPE_CHECKING:
    from dse.chips.abilities import Deployed
    from dse.network.arrays import Predict, Weights

__all__ = ["SHIPPED", "TrainedDesign", "find_trained", "shipped_design", "trained_design"]

SHIPPED = tuple(
    Training(one.letter, one.shipped[0], width, one.shipped[1]).id
    for one in BREAKPOINTS.values()
    if one.shipped
    for width in one.family.widths
)
"""Finished detectors in the package (`tools/pretrain_plain.py`), at their input size."""

PACKAGE = "shipped:"
"""In front of a name: the package's detector, whatever the studies hold."""

_SHIPPED_NAMES = {
    f"{id}{end}": id for id in SHIPPED for end in ("", *(f"-{one}" for one in FORMATS))
}
"""With a format or without -> the detector."""


@dataclass(frozen=True)
class TrainedDesign:
    """origin: whose weights these are, for people. job: what calibrates and judges it.

    home: folder for what is made from it. study: where it comes from, as bundles say it: name,
    target, trained_on, starting_weights.
    """

    candidate: Candidate
    weights: Weights
    job: Job
    origin: str
    home: Path
    study: Mapping[str, str]

    def predict_at(self, input_size: InputSize) -> Predict:
        """The network in its format, for a canvas of any size.

        The chip's own format is a model of it here, as not every size compiles: `deploy` is the
        file itself.
        """
        from dse.network.detector import detector_graph

        at_size = replace(self.candidate.training, input_size=input_size)
        graph = detector_graph(at_size, self.head)
        calibration: NDArray[np.uint8] = np.zeros((0, *Canvas.of(input_size).shape), np.uint8)
        if self.runs_on_chip:  # no other format looks at it
            calibration = calibration_canvases(self.job, input_size)
        format = self.candidate.format
        return self.job.chip.model(graph, self.weights, format, calibration, self.head)

    @property
    def head(self) -> Head:
        """What its map means."""
        return self.job.head(self.candidate.training)

    @property
    def runs_on_chip(self) -> bool:
        """The chip computes in its format."""
        return self.candidate.format in self.job.chip.formats

    def deploy(self) -> Deployed:
        """The compiled network. Raises CompilerError where it does not compile."""
        from dse.network.detector import detector_graph

        training, head = self.candidate.training, self.head
        calibration = calibration_canvases(self.job, training.input_size)
        return self.job.deploy(detector_graph(training, head), self.weights, calibration, head)


def find_trained(
    name: str,
    results: Path,
    study: str | None = None,
    limits: Sequence[AtMost] = (),
    prefer: str = "latency",
    say: Say = lambda words: None,
) -> TrainedDesign:
    """The design of a study under `results` that `name` means, as of `choose_design`.

    study: default the latest with weights. limits, prefer: what is best. say: told
    which design "best" is, and why. A name of `SHIPPED`,
    with or without a format, is the package's own detector where that study has none of that
    name, or left its weights out; with `PACKAGE` in front it always is.
    Raises UnknownName, StudyError, NothingFeasible, WeightsError, or UsageError for a name that
    means two detectors.
    """
    if name.startswith(PACKAGE):
        wanted = name.removeprefix(PACKAGE)
        shipped = shipped_design(wanted, results)
        if shipped is None:
            raise UnknownName("detector of the package", wanted, SHIPPED)
        return shipped
    try:
        record = load_study(find_study(results, study))
        if name == "best":
            choice = choose_best(record, limits, prefer)
            found = trained_design(record, choice.row.candidate)
            say(f"best of {record.name}: {choice.words}")
            return found
        found = trained_design(record, choose_design(record, name).candidate)
        if study is None and name in _SHIPPED_NAMES:
            raise UsageError(
                f"{name} means two detectors: that of study {record.name} and the package's",
                f"type {PACKAGE}{name} for the package's, or --study {record.name}",
            )
        return found
    except (StudyError, UnknownName, WeightsError):
        shipped = None if study else shipped_design(name, results)
        if shipped is None:
            raise
        return shipped


def trained_design(record: StudyRecord, candidate: Candidate) -> TrainedDesign:
    """What the study trained. Raises WeightsError where the training left no weights, and of a
    study that replays recorded trainings."""
    if record.settings.search.replay is not None:
        raise WeightsError(
            f"study {record.name} is a replay of recorded trainings: it has no weights",
            "export from a search of your own, or a detector of the package, such as P5-a1-256",
        )
    weights = load_weights(record.path / "trainings" / candidate.training.id)
    job = job_of(record)
    about = {
        "name": record.name,
        "target": record.settings.search.target,
        "trained_on": job.data,
        "starting_weights": job.weights,
    }
    return TrainedDesign(candidate, weights, job, f"study {record.name}", record.path, about)


def shipped_design(name: str, results: Path) -> TrainedDesign | None:
    """The package's own detector of that name ("P5-a1-256", "P5-a1-256-FP32"), if it has one.

    It was trained on photographs that are not distributed: synthetic scenes calibrate it.
    results: where a cache for those may lie.
    """
    if name not in _SHIPPED_NAMES:
        return None
    from dse.network.keras_starting_weights import load_starting_weights  # which takes seconds

    training = Training.parse(_SHIPPED_NAMES[name])
    target = load_target(TARGET)
    usual = training.in_format(chip(target.chip).format)
    candidate = usual if name == training.id else Candidate.parse(name)
    start = load_starting_weights("shipped", training.width, training.breakpoint)
    cache = shared_cache(results)
    job = Job(
        "synthetic", "synthetic", Recipe(), "shipped", (candidate.format,), str(cache), target
    )
    about = {
        "name": f"none: shipped with dse, {start.source}",
        "target": target.name,
        "trained_on": "photographs (dse/network/weights/README.md)",
        "starting_weights": "its own",
    }
    return TrainedDesign(candidate, start.weights, job, start.source, results, about)
