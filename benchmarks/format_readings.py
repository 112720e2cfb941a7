"""Which reading of the paper's Q formats agrees with its table II?

    python benchmarks/format_readings.py STUDY TRAINING... [--eval-data SPEC] [--results DIR]

The paper (Narduzzi et al., arXiv 2208.11011) says that weights become X * 2^(n-1) as a whole
number and come back. It leaves open how that number is rounded (down, towards zero, to the
nearest) and what the weights are (every array that Keras holds; kernels and biases alone; the
kernels and biases that are left when batch normalisation is folded in). This measures all nine
on trained networks. `distance` is the mean over Q9 to Q6 of |AP / float AP - the paper's|.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from dse import published
from dse.data import open_data
from dse.designs.selection import job_of
from dse.evaluation import Prepared, evaluate_canvases, prepare
from dse.network.arrays import Weights
from dse.network.detector import detector_graph
from dse.network.graph import Graph
from dse.network.keras_inference import Folded, compiled, fold, normalised, run
from dse.search import find_study, load_study
from dse.space import Training
from dse.workers.job import load_weights

FORMATS = {"Q9": 9, "Q8": 8, "Q7": 7, "Q6": 6}
ROUNDINGS: dict[str, Callable[[Any], Any]] = {
    "down": np.floor,
    "towards zero": np.trunc,
    "to the nearest": np.rint,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study")
    parser.add_argument("trainings", nargs="+", metavar="TRAINING")
    parser.add_argument("--eval-data", help="default: the study's")
    parser.add_argument("--results", type=Path, default=Path("results"))
    options = parser.parse_args()
    record = load_study(find_study(options.results, options.study))
    source = options.eval_data or job_of(record).eval_data
    measured = {}
    for id in options.trainings:
        training = Training.parse(id)
        graph, weights = detector_graph(training), load_weights(record.path / "trainings" / id)
        pictures = prepare(open_data(source, "eval"), training.input_size)
        measured[id] = readings_of(graph, weights, pictures)
    print(json.dumps({"published": published_aps(), "readings": measured}, indent=1))


def readings_of(graph: Graph, weights: Weights, pictures: Prepared) -> dict[str, Any]:
    """AP in float32 and under each reading, with its distance from the paper."""
    whole = ap_of(graph, fold(graph, weights), pictures)
    theirs = published_aps()
    found: dict[str, Any] = {"FP32": round(whole, 4)}
    for scope in ("every array", "kernels and biases", "folded"):
        for rounding, rounded in ROUNDINGS.items():
            aps = {
                name: ap_of(graph, quantized(graph, weights, scope, rounded, bits), pictures)
                for name, bits in FORMATS.items()
            }
            distance = fmean(abs(ap / whole - theirs[n] / theirs["FP32"]) for n, ap in aps.items())
            row = {name: round(ap, 4) for name, ap in aps.items()}
            found[f"{scope}, {rounding}"] = {**row, "distance": round(distance, 4)}
    return found


def quantized(
    graph: Graph, weights: Weights, scope: str, rounded: Callable[[Any], Any], bits: int
) -> Folded:
    """The folded network whose weights went to `bits` fraction bits and back."""

    def there_and_back(values: Any) -> Any:
        steps = 2.0 ** (bits - 1)
        whole = np.clip(rounded(values * steps), -(2**15), 2**15 - 1)
        return (whole / steps).astype(np.float32)

    if scope == "folded":
        folded = fold(graph, weights)
        return {k: (there_and_back(w), there_and_back(b)) for k, (w, b) in folded.items()}
    ends = ("/kernel", "/bias") if scope == "kernels and biases" else ("",)
    kept = {k: there_and_back(v) if k.endswith(ends) else v for k, v in weights.items()}
    return fold(graph, kept)


def ap_of(graph: Graph, folded: Folded, pictures: Prepared) -> float:
    """AP of the network on `pictures`, one scale."""
    predict = compiled(lambda canvases: run(graph, folded, normalised(canvases)), graph)
    return evaluate_canvases(predict, pictures).ap


def published_aps() -> dict[str, float]:
    """AP by format, as the paper prints it."""
    rows = published.load("table2_formats").rows
    return {str(row["format"]): float(row["ap"] or 0) for row in rows}


if __name__ == "__main__":
    main()
