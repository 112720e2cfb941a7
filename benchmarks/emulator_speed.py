"""The emulator against the simulator: milliseconds a picture, on kmodels of the paper's kind.

    python benchmarks/emulator_speed.py [candidate ...] [--pictures 48] [--repeats 5] [--json]

Each design is built with random weights, compiled, and run on pictures of noise by both, in
turns; of each the fastest turn counts, so that what else the machine does falls out of the
ratio. Maps must be equal to the bit. "one" is one thread against one simulator process,
"all" one of each per core. Seconds to prepare are what reading the kmodel takes.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.chips.k210 import compile_kmodel, kmodel_predictor
from dse.chips.k210.compiler.tflite import random_tflite
from dse.chips.k210.emulator import predictor
from dse.network.detector import detector_graph
from dse.space import Candidate
from dse.text_table import format_table

__all__ = ["measure"]

CANDIDATES = ("A63-a0.35-128-kpu8", "A98-a0.5-224-kpu8", "A63-a1-128-kpu8")
COLUMNS = ("candidate", "workers", "simulator ms", "emulator ms", "ratio", "prepare s", "equal")
SIMULATED = 2
"""Pictures per simulator and turn."""


def measure(name: str, workers: int, pictures: int, repeats: int) -> dict[str, Any]:
    """Times of one candidate with `workers` threads or processes."""
    graph = detector_graph(Candidate.parse(name).training)
    rng = np.random.default_rng(0)
    canvases = rng.integers(0, 256, (pictures, *graph.input.shape), dtype=np.uint8)
    kmodel = compile_kmodel(random_tflite(graph, 1), canvases[:2]).kmodel
    began = time.perf_counter()
    emulate = predictor(kmodel, workers)
    prepared = time.perf_counter() - began
    few = canvases[: SIMULATED * workers]
    with kmodel_predictor(kmodel, workers) as simulate:
        equal = np.array_equal(simulate(few), emulate(few))
        emulate(canvases)
        turns = [(_seconds(simulate, few), _seconds(emulate, canvases)) for _ in range(repeats)]
    simulator, emulator = (1e3 * min(times) for times in zip(*turns, strict=True))
    return {
        "candidate": name,
        "workers": workers,
        "simulator_ms": round(simulator, 1),
        "emulator_ms": round(emulator, 2),
        "ratio": round(simulator / emulator, 1),
        "prepare_seconds": round(prepared, 2),
        "equal": equal,
    }


def _seconds(predict: Callable[[NDArray[np.uint8]], Any], canvases: NDArray[np.uint8]) -> float:
    """Per picture."""
    began = time.perf_counter()
    predict(canvases)
    return (time.perf_counter() - began) / len(canvases)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("candidates", nargs="*", default=list(CANDIDATES))
    parser.add_argument("--pictures", type=int, default=48, help="per turn of the emulator")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, os.cpu_count() or 1])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = [
        measure(name, workers, options.pictures, options.repeats)
        for name in options.candidates
        for workers in options.workers
    ]
    if options.json:
        print(json.dumps(rows, indent=2))
    else:
        cells = [tuple(map(str, row.values())) for row in rows]
        print(format_table(COLUMNS, cells, left=("candidate",)))
    return int(not all(row["equal"] for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
