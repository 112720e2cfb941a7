"""What a worker does with one training: features, epochs, AP in every format and on chip.

Everything it needs travels in a `Job`; everything it finds goes into the training's folder,
so that a second call on the same folder goes on where the first one was killed.
"""

from __future__ import annotations

import contextlib
import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from io import StringIO
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from dse.errors import CompilerError, NotSupported, WeightsError
from dse.files import make_folder, write_whole
from dse.network.detector import detector_graph
from dse.network.weights_file import read_weights, write_weights
from dse.schema import read_json
from dse.space import Training
from dse.study.folder import WEIGHTS
from dse.study.resampled import write_resampled
from dse.study.training_result import CompiledMeasure, FormatAps, Outcome
from dse.training.recipe import EpochReport
from dse.workers.fitting import fit
from dse.workers.training_job import (
    Job,
    calibration_canvases,
    draw_pictures,
    evaluation_pictures,
)

if TYPE_CHECKING:
    from dse.evaluation import Evaluation
    from dse.network.arrays import Weights

__all__ = ["load_weights", "measure_compiled", "measure_design", "run_training"]

RESULT_BYTES = 4 << 20
"""Of metrics.json and kmodel.json: 2 KB, and 100 bytes an epoch."""

COMPILED = "kmodel.json"
"""In a training's folder: what was measured of its compiled file."""

AGAIN = "train it again: delete the training's folder and resume the search"


def run_training(
    job: Job, training: Training, folder: Path, report: Callable[[EpochReport], bool]
) -> Outcome:
    """Trains `training`, evaluates its formats and leaves all in `folder`.

    report: told of every epoch; returning False stops the training there. Called again on
    the same folder, it returns the finished outcome or goes on after the last finished epoch.
    """
    metrics = folder / "metrics.json"
    if metrics.exists():
        return read_json(metrics, RESULT_BYTES, Outcome, AGAIN)
    make_folder(folder)
    graph = detector_graph(training, job.head(training))
    draw_pictures(job)  # first, so that a training's seconds are its own
    started = perf_counter()
    weights, curve, stopped = fit(job, training, graph, folder, report)
    fitted = perf_counter()
    found = FormatAps()
    if not stopped:
        found = _evaluate_formats(job, job.formats, training, weights, folder)
    outcome = Outcome(
        training_id=training.id,
        epochs=len(curve),
        stopped=stopped,
        seconds=max(fitted - started, curve[-1].seconds) + perf_counter() - fitted,
        val_ap=curve[-1].val_ap,
        curve=curve,
        **asdict(found),
    )
    write_whole(folder / "curve.csv", _curve_csv(curve))
    write_weights(folder / WEIGHTS, weights)
    write_whole(metrics, json.dumps(outcome.to_json(), indent=1))
    for left in (folder / "checkpoint.npz", *folder.glob(".*")):  # half-written, by the killed
        left.unlink(missing_ok=True)
    return outcome


def load_weights(folder: Path) -> Weights:
    """The network that `run_training` left in `folder`.

    Raises WeightsError where it is missing or damaged.
    """
    path = folder / WEIGHTS
    if not path.exists():
        raise WeightsError(
            f"{folder} holds no trained weights: the study was copied without them",
            "export from a search of your own, or a detector of the package, such as P5-a1-256",
        )
    return read_weights(path, AGAIN)


def measure_compiled(job: Job, training: Training, folder: Path) -> CompiledMeasure:
    """Compiles the trained network and evaluates the file, to the bit as the chip would.

    Writes kmodel.json into `folder`, and returns what stands there when called again.
    Raises CompilerError, or WeightsError where the training is not finished.
    """
    stored = folder / COMPILED
    if stored.exists():
        return read_json(stored, RESULT_BYTES, CompiledMeasure, AGAIN)
    return _measured(job, training, load_weights(folder), folder)


def measure_design(job: Job, training: Training, folder: Path) -> CompiledMeasure:
    """`measure_compiled`, and the AP of the network in the formats that are measured for the front
    alone, which kmodel.json then holds, too."""
    measure = measure_compiled(job, training, folder)
    missing = [format for format in job.front_formats if format not in measure.formats.ap]
    if not missing:
        return measure
    found = _evaluate_formats(job, missing, training, load_weights(folder), folder)
    return _kept(replace(measure, formats=found), folder)


def _evaluate_formats(
    job: Job, formats: Sequence[str], training: Training, weights: Weights, folder: Path
) -> FormatAps:
    """AP of the network in `formats`, for both styles of FDDB's boxes.

    That of the chip's own format is the compiled file's, which goes into kmodel.json, unless it
    does not fit.
    """
    from dse.evaluation import evaluate_canvases

    head = job.head(training)
    graph = detector_graph(training, head)
    prepared = evaluation_pictures(job.eval_data, training.input_size, job.cache)
    calibration = calibration_canvases(job, training.input_size)
    aps = FormatAps()
    for format in formats:
        if format in job.chip.formats:
            with contextlib.suppress(CompilerError, NotSupported):  # mostly for want of memory
                file = _measured(job, training, weights, folder)
                aps.add(
                    format,
                    file.kmodel_ap,
                    file.kmodel_ap_square,
                    file.kmodel_ap_interval,
                    file.file_ap_by_class,
                )
                continue
        predict = job.chip.model(graph, weights, format, calibration, head)
        found = evaluate_canvases(predict, prepared, head)
        aps.add(format, found.ap, found.ap_square, found.ap_interval or (), found.classes)
        _write_precision_recall(folder, format, found)
    return aps


def _measured(job: Job, training: Training, weights: Weights, folder: Path) -> CompiledMeasure:
    """Compiles the network, evaluates the file and leaves the figures in kmodel.json."""
    from dse.evaluation import evaluate_canvases

    started = perf_counter()
    head, size = job.head(training), training.input_size
    graph = detector_graph(training, head)
    calibration = calibration_canvases(job, size)
    deployed = job.deploy(graph, weights, calibration, head)
    prepared = evaluation_pictures(job.eval_data, size, job.cache)
    with deployed.running(workers=1) as predict:
        found = evaluate_canvases(predict, prepared, head)
    measure = CompiledMeasure(
        kmodel_ap=found.ap,
        kmodel_ap_square=found.ap_square,
        kmodel_bytes=len(deployed.content),
        seconds=perf_counter() - started,
        note=predict.note,
        kmodel_ap_interval=list(found.ap_interval or ()),
        file_ap_by_class=dict(found.classes),
    )
    _write_precision_recall(folder, job.chip.format, found)
    write_resampled(folder, found.resampled)
    return _kept(measure, folder)


def _kept(measure: CompiledMeasure, folder: Path) -> CompiledMeasure:
    """`measure`, which kmodel.json holds from now on."""
    write_whole(folder / COMPILED, json.dumps(measure.to_json()))
    return measure


def _write_precision_recall(folder: Path, format: str, found: Evaluation) -> None:
    """precision_recall_<format>.csv: the curve's points, by falling score."""
    rows = (",".join(f"{value:.5f}" for value in point) for point in found.curve)
    text = "\n".join(["recall,precision,score", *rows]) + "\n"
    write_whole(folder / f"precision_recall_{format}.csv", text)


def _curve_csv(curve: list[EpochReport]) -> str:
    text = StringIO()
    writer = csv.DictWriter(text, list(asdict(curve[0])), lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(epoch) for epoch in curve)
    return text.getvalue()
