"""From a trained network to the file that runs on the chip, in one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dse.chips.abilities import Deployed
from dse.chips.k210.compiler.compiler import CompiledKmodel, compile_kmodel
from dse.chips.k210.compiler.picture_processes import PictureProcesses
from dse.chips.k210.compiler.refereed import Refereed, refereed
from dse.chips.k210.compiler.simulator import kmodel_predictor
from dse.chips.k210.compiler.tflite import to_tflite
from dse.chips.k210.cost.price import FIGURES
from dse.chips.k210.cost.program import VERSION_5
from dse.chips.k210.quantization.bias_correction import corrected_biases
from dse.chips.k210.quantization.box_scale import choose_box_scale, scale_boxes
from dse.chips.k210.quantization.ranges import extreme_pictures
from dse.detection.head import FACE_HEAD, Head
from dse.network.graph import Graph
from dse.network.keras_inference import predictor

__all__ = ["Deployment", "deploy"]


RANGES_ALONE = "no_clip"
"""The way to calibrate that asks pictures for nothing but lowest and highest values."""


@dataclass(frozen=True)
class Deployment(Deployed):
    """The files of one detector. Both write boxes that are `box_scale` times too large.

    tflite: the network in float32. compiled: the same with biases corrected for the weights
    that the chip rounds. head: what the output's channels mean. version_5: nncase's own kmodel
    where `compiled` is one of version 3 or 4, which is made of it; else empty.
    """

    tflite: bytes
    compiled: CompiledKmodel
    box_scale: float
    head: Head = FACE_HEAD
    version_5: bytes = b""

    def predictor(self, workers: int | None = None) -> PictureProcesses:
        """The kmodel of version 5 in the simulator, as `simulator.kmodel_predictor`; maps as in
        training."""
        version = self.compiled.nncase_version
        return kmodel_predictor(
            self.version_5 or self.compiled.kmodel,
            workers,
            box_scale=self.box_scale,
            head=self.head,
            nncase_version=version,
        )

    @property
    def content(self) -> bytes:
        """See `Deployed`."""
        return self.compiled.kmodel

    @property
    def compiler(self) -> str:
        """See `Deployed`."""
        return f"nncase {self.compiled.nncase_version}"

    @property
    def log(self) -> str:
        """See `Deployed`."""
        return self.compiled.log

    @property
    def figures(self) -> Mapping[str, int | None]:
        """See `Deployed`."""
        compiled = self.compiled
        figures = {name: getattr(compiled, name) for name in FIGURES}
        return {**figures, "kmodel_version": compiled.headers.version}

    def running(self, workers: int | None = None) -> AbstractContextManager[Refereed]:
        """The same maps, some 20 times faster, where the emulator knows the kmodel."""
        version = self.compiled.nncase_version
        return refereed(
            self.version_5 or self.compiled.kmodel,
            workers,
            older=self.compiled.kmodel if self.version_5 else None,
            box_scale=self.box_scale,
            head=self.head,
            nncase_version=version,
        )


def deploy(
    graph: Graph,
    weights: dict[str, NDArray[np.float32]],
    calibration: NDArray[np.uint8],
    *,
    head: Head = FACE_HEAD,
    calibrate_method: str = RANGES_ALONE,
    nncase_version: str | None = None,
    kmodel_versions: Sequence[int] = (VERSION_5,),
    time_limit_s: float = 300,
) -> Deployment:
    """Compiles the trained network for the K210.

    calibration: (n, h, w, 3) uint8 training pictures, letterboxed; 32 or more are a
    good choice. The compiler, which is slow on each, is given those with the extremes alone.
    head: of the network. nncase_version: as for `compile_kmodel`. kmodel_versions: of the file,
    the first that can express the network; 3 and 4 are made of version 5. Raises CompilerError,
    also for a network that none can express; WeightsError where `weights` are of another network.
    """
    corrected = corrected_biases(graph, weights, calibration, head)
    scale = choose_box_scale(predictor(graph, corrected)(calibration), head)
    in_float, on_chip = (scale_boxes(graph, each, scale, head) for each in (weights, corrected))
    if calibrate_method == RANGES_ALONE:
        calibration = calibration[extreme_pictures(graph, on_chip, calibration)]
    tflite, for_chip = (to_tflite(graph, each) for each in (in_float, on_chip))
    compiled = compile_kmodel(
        for_chip,
        calibration,
        time_limit_s=time_limit_s,
        calibrate_method=calibrate_method,
        nncase_version=nncase_version,
    )
    written = compiled.in_first_version(kmodel_versions)
    version_5 = b"" if written is compiled else compiled.kmodel
    return Deployment(tflite, written, scale, head, version_5)
