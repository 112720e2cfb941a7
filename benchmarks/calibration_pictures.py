"""The compiler on the pictures that set ranges, against the same on all that were meant to.

    python benchmarks/calibration_pictures.py [P5-a1-256 A98-a0.35-160 ...]

`dse.chips.k210.deploy` hands nncase those calibration pictures alone that reach an end of a layer's
range. Both ways are compiled here, from the package's starting weights (plain networks have a
trained head, MobileNetV2 an untrained one). Prints a row a design: pictures of each way, seconds of
each (choosing included), their ratio, and whether the two kmodels are equal byte for byte.
"""

from __future__ import annotations

import argparse
import tempfile
from time import perf_counter

import numpy as np

from dse.chips.k210.compiler.compiler import compile_kmodel
from dse.chips.k210.compiler.tflite import to_tflite
from dse.chips.k210.quantization.ranges import extreme_pictures
from dse.network.arrays import Weights
from dse.network.detector import detector_graph
from dse.network.keras_model import build, get_weights, set_weights
from dse.network.keras_starting_weights import load_starting_weights
from dse.space import Training
from dse.text_table import format_table
from dse.training.head import start_heads
from dse.training.recipe import Recipe
from dse.workers.training_job import Job, calibration_canvases

DESIGNS = (
    "P3-a1-128", "P5-a1-256", "P5-a1.5-256", "P8-a1-192", "A63-a0.5-224", "A98-a0.35-160",
    "B63-a0.35-128", "C63-a0.35-96",
)  # fmt: skip


def main() -> None:
    """Compiles each design both ways."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("designs", nargs="*", default=DESIGNS, metavar="DESIGN")
    parser.add_argument("--data", default="synthetic")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache:
        job = Job(options.data, options.data, Recipe(), "shipped", (), cache)
        rows = [(name, *_compare(job, Training.parse(name))) for name in options.designs]
    titles = ("design", "all", "chosen", "all_s", "chosen_s", "ratio", "kmodels")
    print(format_table(titles, rows, left=("design", "kmodels")))


def _compare(job: Job, training: Training) -> tuple[str, ...]:
    graph = detector_graph(training)
    weights, pictures = _weights(job, training), calibration_canvases(job, training.input_size)
    tflite = to_tflite(graph, weights)
    started = perf_counter()
    everything = compile_kmodel(tflite, pictures, time_limit_s=600).kmodel
    between = perf_counter()
    few = pictures[extreme_pictures(graph, weights, pictures)]
    chosen = compile_kmodel(tflite, few).kmodel
    all_s, chosen_s = between - started, perf_counter() - between
    same = "equal" if chosen == everything else f"{_differing(chosen, everything)} bytes differ"
    figures = (f"{all_s:.1f}", f"{chosen_s:.1f}", f"{all_s / chosen_s:.1f}")
    return (str(len(pictures)), str(len(few)), *figures, same)


def _weights(job: Job, training: Training) -> Weights:
    model = build(detector_graph(training))
    start_heads(model, job.recipe.seed)
    start = load_starting_weights(job.weights, training.width, training.breakpoint).weights
    set_weights(model, start, partial=True)
    return get_weights(model)


def _differing(one: bytes, other: bytes) -> int:
    if len(one) != len(other):
        return max(len(one), len(other))
    return int((np.frombuffer(one, np.uint8) != np.frombuffer(other, np.uint8)).sum())


if __name__ == "__main__":
    main()
