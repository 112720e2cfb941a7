"""Networks of other people's kinds: what dse says of each, and what nncase 1.9 does with it.

    python benchmarks/foreign_networks.py FOLDER [--cache DIR] [--only NAME ...] [--json]

For every `.tflite` file in FOLDER: the verdict and the figures that `dse check` gives; nncase's
own; and whether the compiled file, in nncase's simulator, computes on noise what TensorFlow Lite
computes (`foreign_truth.py`). `--cache` keeps nncase's answers, by content: they take the time.
A verdict is right where

* nncase compiles it, the file computes the same, and dse accepts or rejects it by the same limit;
* nncase has not enough KPU memory, and dse rejects it for that;
* nncase refuses it, dies of it, or makes a file that computes something else, and dse refuses it;
* dse refuses it, and nncase, which has not enough KPU memory, makes no file of it either: it looks
  for memory before it finds that it cannot emit an operation.

Where the calibration pictures decide and dse expects another range than they have, both the verdict
("by ranges") and the bytes ("other range") are counted apart: `dse check` says that they decide.
The exit code is 1 when a verdict is wrong or a figure of a known network differs.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

from foreign_truth import FIGURES, SAME, settled, truth_of

from dse.chips import judge, price
from dse.chips.k210.compiler.compiler import OUT_OF_KPU_MEMORY
from dse.chips.k210.cost.kmodel_size import kmodel_bytes
from dse.chips.k210.cost.lowering import lower
from dse.chips.k210.cost.memory import plan_memory
from dse.chips.k210.cost.price import K210Cost
from dse.chips.k210.target import K210Target
from dse.errors import DseError
from dse.network.tflite_graph import read_tflite
from dse.text_table import format_table

__all__ = ["compare", "main"]

MOST_LAYERS = 6
"""Whose ranges are tried both ways."""

Row = dict[str, Any]


def compare(path: Path, truth: Row, target: K210Target, cache: Path | None = None) -> Row:
    """What dse says of the file at `path`, beside `truth`, nncase's answer."""
    ours = _ours(path, target)
    truth = settled(path, truth, ours, cache)
    row: Row = {"network": path.stem, "nncase": truth, "dse": ours}
    status, reason = expected(truth, ours.pop("cost", None), target)
    if truth["status"] == "compiled" and truth["agreement"] is None and not ours["figures"]:
        status, reason = "refused", ""  # (nothing says whether it computes the same)
    row["expected"] = status if not reason else f"{status} ({reason})"
    right = ours["verdict"] == status and (status == "refused" or ours["reason"] == reason)
    right |= ours["verdict"] == "refused" and truth["status"] != "compiled"
    row["verdict"] = "unknown" if ours["verdict"] == "unknown" else "right" if right else "wrong"
    if row["verdict"] == "wrong" and status == "refused" and _is_refused_otherwise(path, target):
        row["verdict"] = "by ranges"
    row["differences"], row["bytes"] = {}, ""
    if truth["figures"] and ours["verdict"] in ("accepted", "rejected") and status != "refused":
        row["differences"] = _differences(ours["figures"], truth["figures"])
        row["bytes"] = "equal"
        if row["differences"]:
            row["bytes"] = "other range" if _of_another_range(path, truth, target) else "differ"
    return row


def _is_refused_otherwise(path: Path, target: K210Target) -> bool:
    """With other ranges of some layers, which the calibration decides, dse refuses it."""
    graph = read_tflite(path)
    layers = price(graph, "kpu8", target).range_dependent[:MOST_LAYERS]
    chosen = (set_ for n in range(1, len(layers) + 1) for set_ in combinations(layers, n))
    return any(lower(graph, target.interleaved, frozenset(one)).refusals for one in chosen)


def _differences(ours: Row, theirs: Row) -> Row:
    return {name: ours[name] - theirs[name] for name in FIGURES if ours[name] != theirs[name]}


def _of_another_range(path: Path, truth: Row, target: K210Target) -> bool:
    """The ranges of some layers, which the calibration decides, make ours nncase's."""
    graph = read_tflite(path)
    layers = price(graph, "kpu8", target).range_dependent[:MOST_LAYERS]
    for count in range(1, len(layers) + 1):
        for otherwise in combinations(layers, count):
            program = lower(graph, target.interleaved, frozenset(otherwise))
            memory = plan_memory(program)
            ours = (kmodel_bytes(program), memory.data_bytes, memory.peak_kpu_bytes)
            wanted = ("kmodel_bytes", "data_bytes", "peak_kpu_bytes")
            if ours == tuple(truth["figures"][name] for name in wanted):
                return True
    return False


def _ours(path: Path, target: K210Target) -> Row:
    """Verdict and figures of `dse check`."""
    try:
        cost = price(read_tflite(path), "kpu8", target)
    except DseError as error:
        message = f"{error} ({error.hint})" if error.hint else str(error)
        return {"verdict": "refused", "reason": "", "message": message, "figures": {}}
    verdict = judge(cost, target)
    if verdict.status == "refused":
        message = f"{verdict.message}; {verdict.instead}"
        return {"verdict": "refused", "reason": "", "message": message, "figures": {}}
    return {
        "verdict": verdict.status,
        "reason": verdict.reason,
        "message": verdict.message,
        "figures": {name: getattr(cost, name) for name in FIGURES},
        "cost": cost,
    }


def expected(truth: Row, cost: K210Cost | None, target: K210Target) -> tuple[str, str]:
    """The verdict that nncase's answer asks for, and its reason."""
    if truth["status"] != "compiled":
        memory = OUT_OF_KPU_MEMORY in truth["message"]
        return ("rejected", "kpu_memory") if memory else ("refused", "")
    if truth["agreement"] is not None and truth["agreement"] < SAME:
        return "refused", ""
    if cost is None:
        return "accepted", ""
    found = judge(replace(cost, **truth["figures"], unknown_ops=(), refusals=()), target)
    return found.status, found.reason


# --- the table ------------------------------------------------------------------------------


def summary(rows: list[Row]) -> str:
    """A line a network, then the totals."""
    cells = []
    for row in rows:
        ours, truth = row["dse"], row["nncase"]
        figures = truth["figures"]
        agreement = truth["agreement"]
        cells.append((
            row["network"],
            f"{ours['verdict']} {ours['reason']}".strip(),
            row["expected"],
            truth["status"],
            "" if agreement is None else f"{agreement:.3f}",
            row["verdict"],
            row["bytes"],
            *(f"{figures.get(name, 0):,}" if figures else "" for name in FIGURES[:1]),
            f"{figures['data_bytes']:,}" if figures else "",
            f"{figures['peak_kpu_bytes']:,}" if figures else "",
            " ".join(f"{key[:-6]}{count:+,}" for key, count in row["differences"].items()),
        ))  # fmt: skip
    header = (
        "network", "dse", "should be", "nncase", "agrees", "verdict", "bytes", "file", ".data",
        "KPU", "dse less nncase",
    )  # fmt: skip
    table = format_table(header, cells, left=(*header[:4], "verdict", "bytes", header[-1]))
    count = {
        kind: sum(row["verdict"] == kind for row in rows)
        for kind in ("right", "by ranges", "wrong", "unknown")
    }
    compared = [row for row in rows if row["bytes"]]
    equal = sum(row["bytes"] == "equal" for row in compared)
    verdicts = ", ".join(f"{number} {kind}" for kind, number in count.items())
    other = sum(row["bytes"] == "other range" for row in rows)
    sentence = f"bytes equal on {equal} of {len(compared)}, {other} more with other ranges"
    return f"{table}\n\n{len(rows)} networks: {verdicts}; {sentence}"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cache", type=Path, help="folder of nncase's answers")
    parser.add_argument("--only", nargs="+", default=(), help="names of networks")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.cache:
        options.cache.mkdir(parents=True, exist_ok=True)
    target = K210Target.load("k210")
    paths = [
        path
        for path in sorted(options.folder.glob("*.tflite"))
        if not options.only or path.stem in options.only
    ]
    rows = [compare(path, truth_of(path, options.cache), target, options.cache) for path in paths]
    print(json.dumps(rows, indent=2) if options.json else summary(rows))
    return int(any(row["verdict"] == "wrong" or row["bytes"] == "differ" for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
