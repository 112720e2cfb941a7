"""What a worker does with one training: features, epochs, AP in every format, kmodel AP.

Everything it needs travels in a `Job`; everything it finds goes into the training's folder,
so that a second call on the same folder goes on where the first one was killed.
"""

from __future__ import annotations

import contextlib
import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from io import StringIO
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dse.chips import Chip, Target, chip
from dse.data import load_all
from dse.data.packed import packed_files
from dse.data.pictures import DataSet
from dse.data.rendered import draw_missing, open_rendered
from dse.data.sources import Split, open_data
from dse.errors import CompilerError, NotSupported, StudyError, WeightsError
from dse.files import make_folder, write_whole
from dse.network.detector import detector_graph, frozen_layers
from dse.network.weights_file import read_weights, write_weights
from dse.schema import read_json
from dse.space import Training
from dse.training.recipe import EpochReport, Recipe
from dse.workers.parcels import Parcel

if TYPE_CHECKING:
    from dse.chips.abilities import Deployed
    from dse.evaluation import Evaluation, Prepared
    from dse.network.graph import Graph
    from dse.network.keras_model import Weights
    from dse.training.features import Features

__all__ = ["Job", "KmodelMeasure", "Outcome", "load_weights", "measure_kmodel", "run_training"]


FINE_TUNING_SHARE = 0.05
"""Of the learning rate, for a network whose head is trained already."""

RESULT_BYTES = 4 << 20
"""Of metrics.json and kmodel.json: 2 KB, and 100 bytes an epoch."""

AGAIN = "train it again: delete the training's folder and resume the search"

FOLDER = "dir:"
"""Begins a source of starting weights that is a folder."""


@dataclass(frozen=True)
class Job:
    """What every training of a study has in common; plain values, so that it can travel.

    data, eval_data: specifications for `open_data`. weights: a source of starting weights.
    formats: number formats whose AP is measured. cache: folder for shared features.
    target: whose chip runs what is trained; None where another version of dse wrote it.
    """

    data: str
    eval_data: str
    recipe: Recipe
    weights: str
    formats: tuple[str, ...]
    cache: str
    target: Target | None = None

    @property
    def chip(self) -> Chip:
        """What runs the designs. Raises StudyError where the target is not known."""
        return chip(self.known_target.chip)

    @property
    def known_target(self) -> Target:
        """The target. Raises StudyError where another version of dse wrote it."""
        if self.target is None:
            raise StudyError(
                "the study's target was written by another version of dse",
                "use the version in study.toml, or start a new study",
            )
        return self.target

    def deploy(self, graph: Graph, weights: Weights, calibration: NDArray[np.uint8]) -> Deployed:
        """The trained network as a file for the target. Raises CompilerError, NotSupported."""
        return self.chip.deploy(graph, weights, calibration, self.known_target)

    def parcels(self) -> dict[str, Parcel]:
        """Pictures and starting weights that lie on this machine's disk, for `moved` elsewhere.

        Synthetic scenes are drawn again from their seed: that takes less than sending them.
        """
        found = {
            "data": _packed(self.data, ("train", "val")),
            "eval_data": _packed(self.eval_data, ("eval",)),
        }
        if self.weights.startswith(FOLDER):
            files = Path(self.weights.removeprefix(FOLDER)).glob("*.h5")
            found["weights"] = Parcel({file.name: file for file in sorted(files)})
        return {name: parcel for name, parcel in found.items() if parcel.files}

    def moved(self, cache: Path, places: Mapping[str, Path]) -> Job:
        """The same job on a machine where the parcels lie unpacked in `places`."""
        schemes = {"data": "packed:", "eval_data": "packed:", "weights": FOLDER}
        changed: dict[str, Any] = {name: f"{schemes[name]}{places[name]}" for name in places}
        return replace(self, cache=str(cache), **changed)


@dataclass(frozen=True)
class Outcome:
    """What a training came to. AP is on the evaluation pictures, `val_ap` on the validation
    ones; `ap`, `ap_square` and `ap_interval` (see `Evaluation`) are empty where it was stopped
    early."""

    training_id: str
    epochs: int
    stopped: bool
    seconds: float
    val_ap: float
    ap: dict[str, float]
    ap_square: dict[str, float | None]
    curve: list[EpochReport]
    ap_interval: dict[str, list[float]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


@dataclass(frozen=True)
class KmodelMeasure:
    """AP of the compiled kmodel itself on the evaluation pictures.

    note: why the simulator measured it and not the emulator, empty where the emulator did.
    kmodel_ap_interval: as `Evaluation.ap_interval`.
    """

    kmodel_ap: float
    kmodel_ap_square: float | None
    kmodel_bytes: int
    seconds: float
    note: str = ""
    kmodel_ap_interval: list[float] = field(default_factory=list)


class _FormatAp(NamedTuple):
    """AP of the network in one format, as in `Evaluation`."""

    ap: float
    square: float | None
    interval: list[float]


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
    graph = detector_graph(training)
    started = perf_counter()
    weights, curve, stopped = _fit(job, training, graph, folder, report)
    fitted = perf_counter()
    formats = {} if stopped else _evaluate_formats(job, training, graph, weights, folder)
    outcome = Outcome(
        training_id=training.id,
        epochs=len(curve),
        stopped=stopped,
        seconds=max(fitted - started, curve[-1].seconds) + perf_counter() - fitted,
        val_ap=curve[-1].val_ap,
        ap={format: one.ap for format, one in formats.items()},
        ap_square={format: one.square for format, one in formats.items()},
        curve=curve,
        ap_interval={format: one.interval for format, one in formats.items()},
    )
    write_whole(folder / "curve.csv", _curve_csv(curve))
    write_weights(folder / "weights.npz", weights)
    write_whole(metrics, json.dumps(outcome.to_json(), indent=1))
    for left in (folder / "checkpoint.npz", *folder.glob(".*")):  # half-written, by the killed
        left.unlink(missing_ok=True)
    return outcome


def load_weights(folder: Path) -> Weights:
    """The network that `run_training` left in `folder`.

    Raises WeightsError where it is missing or damaged.
    """
    path = folder / "weights.npz"
    if not path.exists():
        raise WeightsError(
            f"{folder} holds no trained weights: the study was copied without them, or replayed",
            "export from a search of your own, or a detector of the package, such as P5-a1-256",
        )
    return read_weights(path, AGAIN)


def measure_kmodel(job: Job, training: Training, folder: Path) -> KmodelMeasure:
    """Compiles the trained network and evaluates the kmodel, to the bit as the chip would.

    Writes kmodel.json into `folder`, and returns what stands there when called again.
    Raises CompilerError, or WeightsError where the training is not finished.
    """
    stored = folder / "kmodel.json"
    if stored.exists():
        return read_json(stored, RESULT_BYTES, KmodelMeasure, AGAIN)
    return _measured(job, training, load_weights(folder), folder)


@lru_cache(maxsize=2)
def calibration_canvases(job: Job, input_size: int) -> NDArray[np.uint8]:
    """Training pictures as the network sees them, (n, size, size, 3), to set ranges with."""
    from dse.training.augmentation import plain_view

    data = _data(job.data, "train", job.cache, job.recipe.calibration_pictures)
    return np.stack([plain_view(pixels, p, input_size).canvas for p, pixels in load_all(data)])


def _fit(
    job: Job,
    training: Training,
    graph: Graph,
    folder: Path,
    report: Callable[[EpochReport], bool],
) -> tuple[Weights, list[EpochReport], bool]:
    """Trains the layers behind lambda on the features in front of it."""
    from dse.network.keras_model import boundary, build, get_weights, set_weights
    from dse.network.keras_starting_weights import load_starting_weights
    from dse.training.features import frozen_features
    from dse.training.head import start_heads
    from dse.training.trainer import FeatureBatches, train
    from dse.training.truth import Truth
    from dse.training.views import ViewSet

    recipe, size = job.recipe, training.input_size
    start = load_starting_weights(job.weights, training.width, training.breakpoint).weights
    edge = boundary(graph, frozen_layers(graph, training))
    pictures = _data(job.data, "train", job.cache, recipe.pictures)
    views = ViewSet(pictures, size, recipe.views, recipe.seed)
    features = frozen_features(graph, edge, start, views, Path(job.cache))
    val_data = _data(job.data, "val", job.cache, recipe.val_pictures)
    seen = ViewSet(val_data, size, 1, recipe.seed)
    val = frozen_features(graph, edge, start, seen, Path(job.cache))
    tail = build(graph, sources=edge)
    start_heads(tail, recipe.seed)
    set_weights(tail, start, partial=True)
    if "head/kernel" in start:
        recipe = replace(recipe, learning_rate=recipe.learning_rate * FINE_TUNING_SHARE)
    truth = Truth(features.faces, graph["head"].shape[:2], size)
    batches = FeatureBatches(features.tensors, truth, recipe.batch_size, recipe.seed, recipe.views)
    curve, stopped = train(
        tail, batches, recipe, folder / "checkpoint.npz", _validator(tail, val, size), report
    )
    kept = {name: start[name] for name in start if name.split("/")[0] in _variables(graph)}
    return {**kept, **get_weights(tail)}, curve, stopped


def _variables(graph: Graph) -> set[str]:
    """Names of the Keras layers of `graph` that own weights."""
    from dse.network.keras_model import batch_norm_name

    return {name for layer in graph for name in (layer.name, batch_norm_name(layer.name))}


def _validator(tail: Any, features: Features, input_size: int) -> Callable[[], float]:
    """Measures AP of `tail` on the validation features, on the canvas."""
    from dse.detection.average_precision import average_precision
    from dse.detection.decoding import decode_maps

    boxes, ignored = ([faces[i] for faces in features.faces] for i in (0, 1))
    tensors = [np.asarray(tensor, np.float32) for tensor in features.tensors]

    def validate() -> float:
        maps = tail.predict(tensors if len(tensors) > 1 else tensors[0], verbose=0)
        return average_precision(decode_maps(maps, input_size), boxes, ignored)

    return validate


def _evaluate_formats(
    job: Job, training: Training, graph: Graph, weights: Weights, folder: Path
) -> dict[str, _FormatAp]:
    """AP of the network in every format, for both styles of FDDB's boxes.

    That of the chip's own format is the compiled file's, which goes into kmodel.json, unless it
    does not fit.
    """
    from dse.evaluation import evaluate_canvases

    prepared = _prepared(job.eval_data, training.input_size, job.cache)
    calibration = calibration_canvases(job, training.input_size)
    formats: dict[str, _FormatAp] = {}
    for format in job.formats:
        if format in job.chip.formats:
            with contextlib.suppress(CompilerError, NotSupported):  # mostly for want of memory
                on_chip = _measured(job, training, weights, folder)
                figures = on_chip.kmodel_ap, on_chip.kmodel_ap_square, on_chip.kmodel_ap_interval
                formats[format] = _FormatAp(*figures)
                continue
        found = evaluate_canvases(job.chip.model(graph, weights, format, calibration), prepared)
        formats[format] = _FormatAp(found.ap, found.ap_square, list(found.ap_interval or ()))
        _write_precision_recall(folder, format, found)
    return formats


def _measured(job: Job, training: Training, weights: Weights, folder: Path) -> KmodelMeasure:
    """Compiles the network, evaluates the kmodel and leaves the figures in kmodel.json."""
    from dse.evaluation import evaluate_canvases

    started = perf_counter()
    graph, size = detector_graph(training), training.input_size
    calibration = calibration_canvases(job, size)
    deployed = job.deploy(graph, weights, calibration)
    prepared = _prepared(job.eval_data, size, job.cache)
    with deployed.running(workers=1) as predict:
        found = evaluate_canvases(predict, prepared)
    measure = KmodelMeasure(
        kmodel_ap=found.ap,
        kmodel_ap_square=found.ap_square,
        kmodel_bytes=len(deployed.content),
        seconds=perf_counter() - started,
        note=predict.note,
        kmodel_ap_interval=list(found.ap_interval or ()),
    )
    _write_precision_recall(folder, job.chip.format, found)
    write_whole(folder / "kmodel.json", json.dumps(asdict(measure)))
    return measure


def _write_precision_recall(folder: Path, format: str, found: Evaluation) -> None:
    """precision_recall_<format>.csv: the curve's points, by falling score."""
    rows = (",".join(f"{value:.5f}" for value in point) for point in found.curve)
    text = "\n".join(["recall,precision,score", *rows]) + "\n"
    write_whole(folder / f"precision_recall_{format}.csv", text)


def _packed(spec: str, splits: tuple[Split, ...]) -> Parcel:
    if spec.startswith("synthetic"):
        return Parcel({})
    return Parcel(dict(file for s in splits for file in packed_files(open_data(spec, s), s)))


@lru_cache(maxsize=8)
def _data(spec: str, split: Split, cache: str, limit: int | None = None) -> DataSet:
    data = open_rendered(spec, split, Path(cache), limit=limit)
    draw_missing(data)
    return data


@lru_cache(maxsize=2)
def _prepared(spec: str, input_size: int, cache: str) -> Prepared:
    from dse.evaluation import prepare

    return prepare(_data(spec, "eval", cache), input_size)


def _curve_csv(curve: list[EpochReport]) -> str:
    text = StringIO()
    writer = csv.DictWriter(text, list(asdict(curve[0])), lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(epoch) for epoch in curve)
    return text.getvalue()
