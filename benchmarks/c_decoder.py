"""The bundle's C decoder against Python's: boxes of a trained detector's kmodel, and instructions.

    python benchmarks/c_decoder.py [--pictures 100] [--counted 20]

The package's plain detector is compiled as an export does it and run by the emulator on synthetic
pictures; its output is decoded by Python, by decode.c on this machine under the address and
undefined-behaviour sanitizers, and by decode.c compiled for RISC-V and run under qemu. Counted
are the instructions that qemu executes for one picture. Exit 1 where boxes differ.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from decoder_harness import (
    HOST,
    HOST_FAST_MATH,
    RISCV,
    Toolchain,
    build,
    count_instructions,
    decode,
)
from numpy.typing import NDArray

from dse.chips.k210 import Deployment, deploy
from dse.chips.k210.bundle.board_files import board_files
from dse.chips.k210.bundle.detector_file import detector_table
from dse.chips.k210.emulator import predictor
from dse.chips.k210.quantization.box_scale import unscale_boxes
from dse.data.synthetic import synthetic
from dse.detection.decoding import decode_maps
from dse.detection.detections import Detections
from dse.evaluation import prepare
from dse.network.detector import detector_graph
from dse.network.keras_starting_weights import load_starting_weights
from dse.space import Training

__all__ = ["compare"]

CALIBRATION_PICTURES = 32
TOOLCHAINS = {"host": HOST, "host, -ffast-math": HOST_FAST_MATH, "riscv64": RISCV}
MOST_PIXELS, MOST_SCORE = 1e-3, 1e-5
"""By which boxes and scores may differ: float32 rounding."""


def compare(design: str, width: float, score: float, pictures: int, counted: int) -> dict[str, Any]:
    """Decoders on `pictures` maps of the shipped plain detector of `width`."""
    training = Training.parse(design)
    deployment = _deploy(training, width)
    canvases = prepare(synthetic("eval", pictures), training.input_size).canvases
    maps = predictor(deployment.compiled.kmodel)(canvases)
    expected = decode_maps(unscale_boxes(maps, deployment.box_scale), training.input_size, score)
    sources = _sources(deployment, training, score)
    planes = maps.transpose(0, 3, 1, 2)
    rows = [_row(name, tools, sources, planes, expected) for name, tools in TOOLCHAINS.items()]
    return {
        "design": design,
        "score_threshold": score,
        "pictures": pictures,
        "faces": sum(map(len, expected)),
        "decoders": rows,
        "instructions": _instructions(sources, planes[:counted]),
        "equal": all(row["equal"] for row in rows),
    }


def _deploy(training: Training, width: float) -> Deployment:
    weights = load_starting_weights("shipped", width, training.breakpoint).weights
    scenes = synthetic("train", CALIBRATION_PICTURES)
    calibration = prepare(scenes, training.input_size).canvases
    return deploy(detector_graph(training), weights, calibration)


def _sources(deployment: Deployment, training: Training, score: float) -> dict[str, bytes]:
    compiled = deployment.compiled
    table = detector_table(compiled.headers, training.input_size, deployment.box_scale, score)
    sizes = (
        "kmodel_bytes", "data_bytes", "input_bytes", "output_bytes", "main_memory_bytes",
        "peak_kpu_bytes", "nncase_version",
    )  # fmt: skip
    manifest = {
        "target": {"kmodel_loader": ""},
        "candidate": training.in_format("kpu8").id,
        "files": {"model.kmodel": {"sha256": ""}},
        "compiled": {name: getattr(compiled, name) for name in sizes},
    }
    return board_files(manifest, table)


def _row(
    name: str,
    tools: Toolchain,
    sources: dict[str, bytes],
    planes: NDArray[np.float32],
    expected: Sequence[Detections],
) -> dict[str, Any]:
    """How one build of the decoder compares with Python's."""
    with tempfile.TemporaryDirectory() as folder:
        found = decode(build(Path(folder), tools, sources), tools, planes)
    same_count = [len(a) == len(b) for a, b in zip(expected, found, strict=True)]
    pairs = [(a, b) for a, b in zip(expected, found, strict=True) if len(a) == len(b) > 0]
    pixels = max(float(np.abs(a.boxes - b.boxes).max()) for a, b in pairs)
    scores = max(float(np.abs(a.scores - b.scores).max()) for a, b in pairs)
    return {
        "decoder": name,
        "pictures_with_as_many_faces": sum(same_count),
        "largest_difference_pixels": pixels,
        "largest_difference_score": scores,
        "equal": all(same_count) and pixels <= MOST_PIXELS and scores <= MOST_SCORE,
    }


def _instructions(sources: dict[str, bytes], planes: NDArray[np.float32]) -> dict[str, Any]:
    """Of one decoding for RISC-V, over some pictures, and for a map where all cells are faces."""
    with tempfile.TemporaryDirectory() as folder:
        program = build(Path(folder), RISCV, sources)
        counts = [count_instructions(program, RISCV, picture) for picture in planes]
        crowded = count_instructions(program, RISCV, np.ones_like(planes[0]))
    return {
        "pictures": len(counts),
        "mean": round(float(np.mean(counts))),
        "most": max(counts),
        "every_cell_a_face": crowded,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--design", default="P5-a1-256")
    parser.add_argument("--width", type=float, default=1.0, help="alpha of the shipped weights")
    parser.add_argument("--score", type=float, default=0.3, help="threshold")
    parser.add_argument("--pictures", type=int, default=100)
    parser.add_argument("--counted", type=int, default=20, help="pictures whose instructions count")
    options = parser.parse_args()
    found = compare(options.design, options.width, options.score, options.pictures, options.counted)
    print(json.dumps(found, indent=2))
    return int(not found["equal"])


if __name__ == "__main__":
    raise SystemExit(main())
