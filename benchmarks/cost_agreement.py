"""Cost model against compiler on networks drawn at random: verdict, file, memory, to the byte.

    python benchmarks/cost_agreement.py [--first 0] [--count 100] [--family plain ...] [--json]

Draws `--count` networks of each family, writes each as a `.tflite` file with random weights,
predicts it from that file, compiles it, and compares. A network is

* equal: verdict, file, main memory and KPU memory are the compiler's own, to the byte;
* of another range: equal once the ranges of named layers, which the calibration pictures
  decide, come out the unlikely way (`Program.range_dependent`); the largest relative
  difference of its figures is given;
* different: anything else. The exit code is 1 when there is one.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from random_networks import FAMILIES, draw_network

from dse.chips import judge, price
from dse.chips.k210.compiler.second_opinion import compiled_row
from dse.chips.k210.compiler.tflite import random_tflite
from dse.chips.k210.target import K210Target
from dse.network.tflite_graph import read_tflite
from dse.text_table import format_table

__all__ = ["compare"]

EQUAL, OTHER_RANGE, DIFFERENT = "equal", "of another range", "different"
COLUMNS = ("family", "networks", "compiled", "verdict equal", EQUAL, OTHER_RANGE, DIFFERENT)


def compare(family: str, seed: int, target: K210Target) -> dict[str, Any]:
    """Predicts and compiles one network; what was found of it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{family}-{seed}.tflite"
        path.write_bytes(random_tflite(draw_network(family, seed), seed))
        graph = read_tflite(path)
        verdict = judge(price(graph, "kpu8", target), target)
        compiled = compiled_row(str(path), target)
    assert compiled is not None  # only formats of the CPU are not compiled
    found = EQUAL if compiled["agrees"] else OTHER_RANGE if compiled["other_ranges"] else DIFFERENT
    parts = [
        abs(difference) / compiled[field]
        for field, difference in compiled["differences"].items()
        if compiled[field]
    ]
    return {
        "network": path.stem,
        "family": family,
        "layers": len(graph.layers),
        "verdict": verdict.status,
        "verdict_equal": (verdict.status, verdict.reason)
        == (compiled["verdict"], compiled["reason"] or ""),
        "compiled": compiled["kmodel_bytes"] is not None,
        "found": found,
        "differences": compiled["differences"],
        "largest_part": max(parts, default=0.0),
        "message": compiled["message"],
    }


def summary(rows: list[dict[str, Any]]) -> str:
    """A line a family and one for all, then the networks that are not equal."""
    families = [*dict.fromkeys(row["family"] for row in rows)]
    cells = [_line(family, [r for r in rows if r["family"] == family]) for family in families]
    cells.append(_line("all", rows))
    lines = [format_table(COLUMNS, cells, left=("family",)), ""]
    for row in rows:
        if row["found"] != EQUAL or not row["verdict_equal"]:
            part = f"{100 * row['largest_part']:.2f} % at most"
            lines.append(f"{row['network']}: {row['found']}, {row['differences']}, {part}")
            if row["found"] == DIFFERENT:
                lines.append(f"  {row['message']}")
    return "\n".join(lines)


def _line(name: str, rows: list[dict[str, Any]]) -> tuple[str, ...]:
    counts = (
        len(rows),
        sum(row["compiled"] for row in rows),
        sum(row["verdict_equal"] for row in rows),
        *(sum(row["found"] == kind for row in rows) for kind in (EQUAL, OTHER_RANGE, DIFFERENT)),
    )
    return (name, *map(str, counts))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--first", type=int, default=0, help="seed of the first network")
    parser.add_argument("--count", type=int, default=100, help="networks of each family")
    parser.add_argument("--family", nargs="+", default=list(FAMILIES), choices=FAMILIES)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    target = K210Target.load("k210")
    seeds = range(options.first, options.first + options.count)
    rows = [compare(family, seed, target) for family in options.family for seed in seeds]
    print(json.dumps(rows, indent=2) if options.json else summary(rows))
    return int(any(row["found"] == DIFFERENT or not row["verdict_equal"] for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
