"""The same detector by every nncase 1.x: sizes, memory, and whether the maps are the same.

    python benchmarks/compiler_versions.py [--design P5-a1.5-256] [--versions 1.1.0.20211203 ...]
        [--json]

Compiles the shipped weights of a plain design with 32 synthetic calibration pictures, and runs
four pictures in each version's own simulator. Versions other than our own are installed beside
it where they are missing (docs/runtimes.md).
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np

from dse.chips.k210 import deploy
from dse.chips.k210.compiler.toolchain import toolchain
from dse.data.letterbox import letterbox
from dse.data.synthetic import synthetic
from dse.errors import CompilerError
from dse.network.detector import detector_graph
from dse.network.keras_starting_weights import load_starting_weights
from dse.space import Training
from dse.text_table import format_table

VERSIONS = (
    "1.0.0.20211029", "1.1.0.20211203", "1.3.0.20220127", "1.4.0.20220303", "1.5.0.20220331",
    "1.6.0.20220505", "1.7.0.20220530", "1.7.1.20220701", "1.8.0.20220929",
)  # fmt: skip
FIGURES = ("kmodel_bytes", "data_bytes", "main_memory_bytes", "peak_kpu_bytes")
CALIBRATION, COMPARED = 32, 4


def compare(design: str, versions: list[str]) -> list[dict[str, Any]]:
    """A row a version, our own first: its figures, and how far its maps are from our own's."""
    training = Training.parse(design)
    graph = detector_graph(training)
    weights = load_starting_weights("shipped", training.width, training.breakpoint).weights
    pictures = synthetic("train", CALIBRATION).pictures
    canvases = np.stack([letterbox(one.load(), training.input_size)[0] for one in pictures])
    rows: list[dict[str, Any]] = []
    ours = None
    for version in (toolchain().version, *versions):
        try:
            made = deploy(graph, weights, canvases, nncase_version=version)
            with made.predictor(workers=1) as predict:
                maps = predict(canvases[:COMPARED])
        except CompilerError as error:
            rows.append({"nncase_version": version, "message": str(error)})
            continue
        ours = maps if ours is None else ours
        figures = {name: getattr(made.compiled, name) for name in FIGURES}
        farthest = float(np.abs(maps - ours).max())
        rows.append({"nncase_version": version, **figures, "farthest": farthest})
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--design", default="P5-a1.5-256")
    parser.add_argument("--versions", nargs="*", default=list(VERSIONS))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = compare(options.design, options.versions)
    if options.json:
        print(json.dumps(rows, indent=2))
        return 0
    names = ("nncase_version", *FIGURES, "farthest")
    cells = [tuple(_shown(row.get(name, "-")) for name in names) for row in rows]
    print(format_table(names, cells, left=("nncase_version",)))
    for row in rows:
        if "message" in row:
            print(f"{row['nncase_version']}: {row['message']}")
    return 0


def _shown(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value}"


if __name__ == "__main__":
    raise SystemExit(main())
