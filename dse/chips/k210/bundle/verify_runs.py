"""Runs what `verify` found fit to run: kmodel and TensorFlow-Lite file, in child processes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.canvas import InputSize
from dse.chips.accuracy import (
    MIN_CORRELATION,
    MOST_AP_LOST,
    correlation,
    measure_accuracy,
)
from dse.chips.k210.bundle.older_files import EmulatedDetector
from dse.chips.k210.bundle.reading import shown
from dse.chips.k210.compiler.picture_processes import PictureProcesses
from dse.chips.k210.compiler.simulator import kmodel_predictor
from dse.chips.k210.compiler.tflite_predictor import guarded_tflite_predictor
from dse.chips.k210.emulator import predictor
from dse.chips.k210.kmodel.buffered import BufferedKmodel, read_buffered
from dse.chips.k210.kmodel.kmodel import Kmodel
from dse.data.letterbox import letterbox
from dse.data.pictures import DataSet
from dse.detection.head import FACE_HEAD, Head
from dse.errors import VerificationFailed
from dse.evaluation import Prepared, prepare

__all__ = ["Effort", "ap_problems", "claimed_ap", "compare", "run_alone", "run_emulated"]

AGREEMENT_PICTURES, EMULATED_PICTURES = 4, 2
SAME_AP = 1e-3
"""The simulator is deterministic: on the same pictures AP differs by rounding of files only."""

Measured = dict[str, Any]


@dataclass(frozen=True)
class Effort:
    """What running may take: pictures to measure AP on, processes, seconds a picture; and what the
    maps mean."""

    data: DataSet | None
    workers: int | None
    time_limit_s: float
    head: Head = FACE_HEAD

    def pictures(self, size: InputSize) -> tuple[NDArray[np.uint8], Prepared | None]:
        """Canvases (n, height, width, 3), and what is known of them: nothing of synthetic ones."""
        if self.data is None:
            return _scenes(size), None
        prepared = prepare(self.data, size)
        return prepared.canvases, prepared

    def simulator(
        self, kmodel: bytes, nncase_version: str, box_scale: float = 1.0
    ) -> PictureProcesses:
        """Of `kmodel`. Raises CompilerError where that nncase cannot be had."""
        return kmodel_predictor(
            kmodel,
            self.workers,
            box_scale=box_scale,
            head=self.head,
            nncase_version=nncase_version,
            time_limit_s=self.time_limit_s,
        )

    def interpreter(self, tflite: bytes, headers: Kmodel, box_scale: float) -> PictureProcesses:
        """Of a TensorFlow-Lite file whose tensors must be those of the kmodel."""
        return guarded_tflite_predictor(
            tflite,
            (headers.inputs[0].shape, headers.outputs[0].shape),
            self.workers,
            box_scale=box_scale,
            head=self.head,
            time_limit_s=self.time_limit_s,
        )


def compare(
    on_chip: PictureProcesses | EmulatedDetector,
    in_float: PictureProcesses,
    effort: Effort,
    measured: Measured,
) -> list[str]:
    """What is wrong with the kmodel beside its network; figures go into `measured`."""
    canvases, prepared = effort.pictures(on_chip.input_size)
    few = canvases[:AGREEMENT_PICTURES]
    found = correlation(on_chip(few), in_float(few))
    measured["correlation"] = found
    if not found >= MIN_CORRELATION:
        return [f"the kmodel's maps correlate with the TensorFlow-Lite file's by {found:.3f}"]
    if prepared is None:
        return []
    ap, float_ap = (
        measure_accuracy(predict, prepared, effort.head).ap for predict in (on_chip, in_float)
    )
    measured.update(pictures=len(prepared), faces=prepared.faces, kmodel_ap=ap, ap=float_ap)
    if float_ap - ap > MOST_AP_LOST:
        return [f"the kmodel's AP is {ap:.3f}, its network's {float_ap:.3f}"]
    return []


def claimed_ap(manifest: dict[str, Any], data: DataSet | None) -> float | None:
    """The kmodel's AP on `data` by the manifest, None where that is of other pictures.

    Raises VerificationFailed where it is lacking or no number.
    """
    try:
        if data is None or manifest["data"]["checksum"] != data.checksum:
            return None
        return float(manifest["accuracy"]["kmodel_ap"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise VerificationFailed(f"manifest.json lacks or mistypes {shown(str(error))}") from None


def ap_problems(claimed: float | None, measured: Measured) -> list[str]:
    """Whether the manifest's AP, of the same pictures, is the measured one."""
    if claimed is None or abs(claimed - measured["kmodel_ap"]) <= SAME_AP:
        return []
    return [f"the manifest claims AP {claimed:.4f} on these pictures: {measured['kmodel_ap']:.4f}"]


def run_alone(on_chip: PictureProcesses, effort: Effort, measured: Measured) -> list[str]:
    """What is wrong with a kmodel that has nothing to be compared with."""
    canvases, prepared = effort.pictures(on_chip.input_size)
    if not np.isfinite(on_chip(canvases[:AGREEMENT_PICTURES])).all():
        return ["the kmodel's maps hold what is no number"]
    if prepared is not None:
        found = measure_accuracy(on_chip, prepared, effort.head).ap
        measured.update(pictures=len(prepared), faces=prepared.faces, kmodel_ap=found)
    return []


def run_emulated(kmodel: bytes, measured: Measured) -> list[str]:
    """What is wrong with a kmodel of version 3 or 4, run as it is on pictures of noise.

    Raises VerificationFailed for a damaged file, CompilerError for an operation not known.
    """
    steps = read_buffered(kmodel)
    listed = steps.operations()
    measured["operations"] = ", ".join(f"{name} {count}" for name, count in listed.items())
    predict = predictor(kmodel, 1)
    pictures = _noise(steps)
    predict.outputs(pictures[:1])  # compiles or loads the loops
    started = time.perf_counter()
    found = predict.outputs(pictures)
    seconds = (time.perf_counter() - started) / len(pictures)
    measured.update(
        outputs=", ".join(str(one.shape[1]) for one in found),
        how="the file itself, by the emulator",
        emulator_seconds_a_picture=round(seconds, 4),
    )
    broken = [index for index, one in enumerate(found) if np.isnan(one).any()]
    return [f"output {index} holds what is no number" for index in broken]


def _noise(kmodel: BufferedKmodel) -> NDArray[Any]:
    """Two pictures, planar, of the input's type."""
    dice, shape = np.random.default_rng(0), (EMULATED_PICTURES, *kmodel.input_shape[1:])
    if kmodel.input_is_float:
        return dice.uniform(-1, 1, shape).astype(np.float32)
    return dice.integers(0, 256, shape, dtype=np.uint8)


def _scenes(size: InputSize) -> NDArray[np.uint8]:
    """A few synthetic pictures on canvases (n, height, width, 3), for want of better ones."""
    from dse.data.synthetic import synthetic

    pictures = synthetic("eval", AGREEMENT_PICTURES).pictures
    return np.stack([letterbox(picture.load(), size)[0] for picture in pictures])
