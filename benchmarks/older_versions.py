"""Kmodels of versions 3 and 4 beside that of version 5 they come from: the same maps?

    python benchmarks/older_versions.py [--first 0] [--count 30] [--family plain ...] [--json]
        [--interpreter4 PROGRAM] [--interpreter3 PROGRAM]

Draws `--count` networks of each family (`random_networks`, and `dse`'s own detectors), compiles
each with random weights, rewrites the file, and runs two pictures through all. "equal" says that
the levels of every output are the same to the bit. The numbers made of them are so in version 3;
in version 4 the runtime's own dequantization rounds differently on a PC, by `farthest`, in units
of the last place of the greatest number. With `--interpreter4` or `--interpreter3` a firmware's own
interpreter runs each file, too (see `interpreters`): "interpreter" counts those whose outputs are
the emulator's to the bit. "priced" counts the files whose size and main memory the cost model told
before, to the byte, for one of the ways that the calibration may decide. The exit code is 1 where
something differs.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from emulator_agreement import pictures_of
from interpreters import difference
from numpy.typing import NDArray
from random_networks import FAMILIES, draw_network

from dse.chips.k210 import compile_kmodel, parse_kmodel
from dse.chips.k210.compiler.compiler import OUT_OF_KPU_MEMORY
from dse.chips.k210.compiler.tflite import random_tflite
from dse.chips.k210.cost.kmodel_size import kmodel_bytes
from dse.chips.k210.cost.lowering import lower
from dse.chips.k210.cost.memory import plan_memory
from dse.chips.k210.cost.older_versions import in_version
from dse.chips.k210.cost.price import KPU_FORMAT, price
from dse.chips.k210.emulator import predictor
from dse.chips.k210.older_versions import rewritten
from dse.chips.k210.older_versions.from_version_5 import level_program
from dse.chips.k210.older_versions.level_program import Dequantized, Tensor
from dse.chips.k210.target import K210Target
from dse.errors import CompilerError, VerificationFailed
from dse.network.detector import Network
from dse.network.families import BREAKPOINTS
from dse.network.graph import Graph
from dse.text_table import format_table

__all__ = ["compare", "drawn"]

DETECTORS = "detector"
SIZES = (96, 128, 160, 192, 224, 256)
WIDTHS = (0.25, 0.35, 0.5, 0.75, 1.0)
VERSIONS = (4, 3)
FIGURES = ("kmodel_bytes", "main_memory_bytes")
FARTHEST = 2
"""Units in the last place of the greatest number, between two roundings of one number."""

Outputs = list[NDArray[np.float32]]

Interpreters = Mapping[int, Path]
"""The program that runs the kmodels of a version."""


def drawn(family: str, seed: int) -> Graph:
    """The network of `family` that `seed` stands for."""
    if family != DETECTORS:
        return draw_network(family, seed)
    dice = random.Random(f"{family}-{seed}")
    return Network(dice.choice(list(BREAKPOINTS)), dice.choice(WIDTHS), dice.choice(SIZES)).graph


def compare(family: str, seed: int, interpreters: Interpreters) -> list[dict[str, Any]]:
    """One network in all versions; `found` is equal, different, refused, too large or not run.

    interpreter: what the program of that version says otherwise than the emulator, if it was run.
    """
    graph = drawn(family, seed)
    canvases = pictures_of(graph.input.shape, seed)
    row: dict[str, Any] = {"network": f"{family}-{seed}", "family": family, "message": ""}
    try:
        kmodel = compile_kmodel(random_tflite(graph, seed), canvases).kmodel
    except CompilerError as error:
        if OUT_OF_KPU_MEMORY not in str(error):
            raise
        return [{**row, "version": one, "found": "too large"} for one in VERSIONS]
    try:
        emulate = predictor(kmodel, 1)
    except (CompilerError, VerificationFailed) as error:
        said = {"found": "not run", "message": f"the file of version 5: {error}"}
        return [{**row, "version": one, **said} for one in VERSIONS]
    wanted = [one.transpose(0, 3, 1, 2) for one in emulate.outputs(canvases)]
    row["version_5"] = _figures(kmodel)
    rows = []
    for version in VERSIONS:
        found = _rewritten(kmodel, version, canvases, wanted, interpreters.get(version))
        rows.append({**row, "version": version, **found, "priced": _priced(graph, version, found)})
    return rows


def _priced(graph: Graph, version: int, found: dict[str, Any]) -> bool:
    """Whether the cost model says the same of `graph`, without any file."""
    target = replace(K210Target.load(), kmodel_versions_written=(version,))
    cost = price(graph, KPU_FORMAT, target)
    if cost.unwritten or found["found"] == "refused":
        refused: bool = found["found"] == "refused"
        return bool(cost.unwritten) == refused
    layers = cost.range_dependent
    return any(
        _told(graph, version, frozenset(otherwise)) == tuple(found[name] for name in FIGURES)
        for count in range(len(layers) + 1)
        for otherwise in combinations(layers, count)
    )


def _told(graph: Graph, version: int, otherwise: frozenset[str]) -> tuple[int, int]:
    """Bytes of the file, and of main memory, where the calibration decided `otherwise`."""
    program = in_version(lower(graph, otherwise=otherwise), version)
    size = kmodel_bytes(program)
    return size, size + plan_memory(program).data_bytes


def _rewritten(
    kmodel: bytes,
    version: int,
    canvases: NDArray[np.uint8],
    wanted: Outputs,
    interpreter: Path | None,
) -> dict[str, Any]:
    try:
        content = rewritten(kmodel, version)
    except CompilerError as error:
        return {"found": "refused", "message": str(error)}
    found = predictor(content, 1).outputs(canvases)
    scales = _scales(kmodel)
    same, farthest = True, 0.0
    for one, other, (scale, bias) in zip(wanted, found, scales, strict=True):
        flat = one.reshape(other.shape)
        unit = np.spacing(np.abs(flat).max())
        farthest = max(farthest, float(np.abs(flat - other).max() / unit))
        levels = [np.rint((numbers - bias) / scale) for numbers in (flat, other)]
        same &= np.array_equal(*levels) and levels[0].std() > 0
    same &= farthest <= (FARTHEST if version == 4 else 0)
    row = {"found": "equal" if same else "different", "farthest": farthest, **_figures(content)}
    if interpreter is not None:
        pictures = canvases.transpose(0, 3, 1, 2)
        row["interpreter"] = difference(interpreter, content, pictures, found)
    return row


def _scales(kmodel: bytes) -> list[tuple[float, float]]:
    """(scale, bias) of each output's levels."""
    program = level_program(kmodel)
    made: dict[Tensor, Dequantized] = {
        step.target: step for step in program.steps if isinstance(step, Dequantized)
    }
    return [(made[one].scale, made[one].bias) for one in program.outputs]


def _figures(kmodel: bytes) -> dict[str, int]:
    headers = parse_kmodel(kmodel)
    return {"kmodel_bytes": len(kmodel), "main_memory_bytes": headers.main_memory_bytes}


def _is_odd(row: dict[str, Any]) -> bool:
    differs = row["found"] == "different" or bool(row.get("interpreter"))
    return differs or row.get("priced") is False


def summary(rows: list[dict[str, Any]]) -> str:
    """A line for each family and version, then why networks were refused."""
    kinds = ("equal", "different", "refused", "too large", "not run")
    keys = dict.fromkeys((row["family"], row["version"]) for row in rows)
    cells = []
    for family, version in keys:
        own = [row for row in rows if (row["family"], row["version"]) == (family, version)]
        counts = [sum(row["found"] == kind for row in own) for kind in kinds]
        sizes = [row for row in own if "kmodel_bytes" in row]
        shares = [
            sum(row[name] for row in sizes) / max(1, sum(row["version_5"][name] for row in sizes))
            for name in FIGURES
        ]
        farthest = max((row.get("farthest", 0) for row in own), default=0)
        cells.append(
            (family, str(version), str(len(own)), *map(str, counts),
             str(sum(row.get("interpreter") == "" for row in own)),
             str(sum(row.get("priced", False) for row in own)), f"{farthest:.2g}",
             *(f"{share:.3f}" for share in shares))
        )  # fmt: skip
    columns = (
        "family",
        "version",
        "networks",
        *kinds,
        "interpreter",
        "priced",
        "farthest",
        "file/v5",
        "memory/v5",
    )
    reasons: dict[str, int] = {}
    for row in rows:
        if row["message"]:
            key = f"version {row['version']}: {row['message']}"
            reasons[key] = reasons.get(key, 0) + 1
    lines = [f"{count:4} x {reason}" for reason, count in sorted(reasons.items())]
    odd = [f"{row['network']}: {row}" for row in rows if _is_odd(row)]
    return "\n".join([format_table(columns, cells, left=("family",)), *lines, *odd])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    families = [*FAMILIES, DETECTORS]
    parser.add_argument("--first", type=int, default=0, help="seed of the first network")
    parser.add_argument("--count", type=int, default=30, help="networks of each family")
    parser.add_argument("--family", nargs="+", default=families, choices=families)
    for version in VERSIONS:
        parser.add_argument(f"--interpreter{version}", type=Path, metavar="PROGRAM")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.count)
    given = {version: getattr(options, f"interpreter{version}") for version in VERSIONS}
    interpreters = {version: program for version, program in given.items() if program}
    rows = [
        row
        for family in options.family
        for seed in seeds
        for row in compare(family, seed, interpreters)
    ]
    print(json.dumps(rows, indent=2) if options.json else summary(rows))
    return int(any(map(_is_odd, rows)))


if __name__ == "__main__":
    raise SystemExit(main())
