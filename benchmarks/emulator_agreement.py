"""The emulator against nncase's simulator on networks drawn at random: equal to the bit?

    python benchmarks/emulator_agreement.py [--first 0] [--count 30] [--family plain ...] [--json]

Draws `--count` networks of each family (`random_networks`), writes each with random weights,
compiles it, and runs two pictures, one of noise and one that is smooth, through both. Networks
that do not fit the KPU have no kmodel and are counted apart, as are kmodels that the simulator
itself refuses to run. The exit code is 1 when a map of
the emulator is not the simulator's own, bit by bit.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from random_networks import FAMILIES, draw_network

from dse.chips.k210 import compile_kmodel
from dse.chips.k210.compiler.compiler import OUT_OF_KPU_MEMORY
from dse.chips.k210.compiler.tflite import random_tflite
from dse.chips.k210.emulator import predictor
from dse.errors import CompilerError
from dse.text_table import format_table

__all__ = ["compare", "pictures_of", "simulate"]

KINDS = ("equal", "different", "unknown", "not simulated")
COLUMNS = ("family", "networks", "compiled", *KINDS)
SIMULATE = """
import nncase  # before NumPy, or it does not know uint8
import pathlib, sys, numpy as np
folder = pathlib.Path(sys.argv[1])
simulator, maps = nncase.Simulator(), []
simulator.load_model((folder / "model.kmodel").read_bytes())
for picture in np.load(folder / "pictures.npy"):
    simulator.set_input_tensor(0, nncase.RuntimeTensor.from_numpy(picture[None]))
    simulator.run()
    found = [simulator.get_output_tensor(i).to_numpy() for i in range(simulator.outputs_size)]
    maps.append([one.copy() for one in found])
for output, rows in enumerate(zip(*maps)):
    np.save(folder / f"output-{output}.npy", np.concatenate(rows))
"""


def simulate(kmodel: bytes, canvases: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    """All outputs (n, h, w, channels) of `canvases` (n, h, w, channels), by the simulator."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "model.kmodel").write_bytes(kmodel)
        np.save(folder / "pictures.npy", np.ascontiguousarray(canvases.transpose(0, 3, 1, 2)))
        command = [sys.executable, "-c", SIMULATE, name]
        subprocess.run(command, check=True, capture_output=True)
        files = sorted(folder.glob("output-*.npy"))
        return [np.load(file).transpose(0, 2, 3, 1) for file in files]


def pictures_of(shape: tuple[int, int, int], seed: int) -> NDArray[np.uint8]:
    """One picture of noise and one whose neighbours are alike, (2, h, w, channels)."""
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 256, shape)
    waves = [np.cumsum(rng.normal(0, 12, shape), axis=axis) for axis in (0, 1)]
    smooth = 128 + waves[0] + waves[1]
    return np.stack([noise, np.clip(smooth, 0, 255)]).astype(np.uint8)


def compare(family: str, seed: int) -> dict[str, Any]:
    """One network through both; `found` is equal, different, unknown or too large."""
    graph = draw_network(family, seed)
    canvases = pictures_of(graph.input.shape, seed)
    row: dict[str, Any] = {"network": f"{family}-{seed}", "family": family, "macs": graph.macs}
    try:
        kmodel = compile_kmodel(random_tflite(graph, seed), canvases).kmodel
    except CompilerError as error:
        if OUT_OF_KPU_MEMORY not in str(error):
            raise
        return {**row, "found": "too large", "message": str(error)}
    try:
        wanted = simulate(kmodel, canvases)
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()
        return {**row, "found": "not simulated", "message": f"the simulator: {said[-1:]}"}
    try:
        found = predictor(kmodel, 1).outputs(canvases)
    except CompilerError as error:
        return {**row, "found": "unknown", "message": str(error)}
    pairs = list(zip(found, wanted, strict=True))
    equal = all(np.array_equal(one, other) for one, other in pairs)
    differing = max(float(np.mean(one != other)) for one, other in pairs)
    farthest = max(float(np.abs(one - other).max()) for one, other in pairs)
    message = "" if equal else f"{100 * differing:.3g} % of the numbers differ, by {farthest:.3g}"
    return {**row, "found": "equal" if equal else "different", "message": message}


def summary(rows: list[dict[str, Any]]) -> str:
    """A line a family and one for all, then the networks that are not equal."""
    families = [*dict.fromkeys(row["family"] for row in rows)]
    cells = [_line(family, [r for r in rows if r["family"] == family]) for family in families]
    lines = [format_table(COLUMNS, [*cells, _line("all", rows)], left=("family",))]
    odd = [row for row in rows if row["found"] in KINDS[1:]]
    return "\n".join(lines + [f"{row['network']}: {row['message']}" for row in odd])


def _line(name: str, rows: list[dict[str, Any]]) -> tuple[str, ...]:
    found = [row["found"] for row in rows]
    counts = [found.count(kind) for kind in KINDS]
    return (name, *map(str, (len(rows), len(rows) - found.count("too large"), *counts)))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--first", type=int, default=0, help="seed of the first network")
    parser.add_argument("--count", type=int, default=30, help="networks of each family")
    parser.add_argument("--family", nargs="+", default=list(FAMILIES), choices=FAMILIES)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.count)
    rows = [compare(family, seed) for family in options.family for seed in seeds]
    print(json.dumps(rows, indent=2) if options.json else summary(rows))
    return int(any(row["found"] in ("different", "unknown") for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
