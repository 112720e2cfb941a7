"""Whether `dse calibrate` finds constants again, from a target whose constants are wrong.

    python benchmarks/calibration_recovery.py [--timings FILE] [--json]

The logs are the shipped times of layers, whole times of made-up boards, and, with --timings, the
layers of one network as JSON: {"layers": [{"kind", "kernel", "height", "width", "in_channels",
"out_channels", "ms"}, ...]}.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from dse import resources
from dse.chips.k210.calibration.account import calibration_account
from dse.chips.k210.calibration.board_run import BoardRun
from dse.chips.k210.calibration.fit import FITTED, likely_cycles, with_cycles
from dse.chips.k210.calibration.measurement import Measured
from dse.chips.k210.calibration.refit import refit
from dse.chips.k210.calibration.time_log import read_log
from dse.chips.k210.target import K210Target
from dse.text_table import format_table

Row = dict[str, Any]

NETWORKS = (
    "P8-a1-256", "P8-a1.5-256", "P8-a0.5-128", "A63-a0.5-192", "A63-a0.35-256", "A98-a0.5-224",
)  # fmt: skip
PICTURES = 3
SCATTER = 0.005


def scaled(target: K210Target, kpu: float, cpu: float) -> K210Target:
    """`target` with all constants of a processor multiplied."""
    factors = {name: kpu if name.startswith("kpu") else cpu for name in FITTED}
    return with_cycles(target, {n: likely_cycles(target, n) * factors[n] for n in FITTED})


def made_up(target: K210Target, board: K210Target) -> list[Measured]:
    """Whole times that a board with the constants of `board` would print, as medians."""
    random = np.random.default_rng(7)
    times: list[Measured] = []
    for name in NETWORKS:
        run = replace(BoardRun.begin(Path("board.log"), target), network=name)
        one = run.whole(1.0, 1)
        scatter = statistics.median(1 + SCATTER * random.standard_normal(PICTURES))
        times.append(replace(one, ms=one.predicted_ms(board) * scatter, count=PICTURES))
    return times


def layers(timings: Path, target: K210Target) -> Sequence[Measured]:
    """The KPU's layers of a network, the last one aside, which writes by DMA."""
    rows = []
    for layer in json.loads(timings.read_text())["layers"]:
        if layer["kind"] in ("conv", "depthwise"):
            row = {name: layer[name] for name in ("kernel", "height", "width", "ms")}
            row |= {f"{way}put_channels": layer[f"{way}_channels"] for way in ("in", "out")}
            rows.append({"ops": f"kpu_{layer['kind']}", "runtime": "0.1", **row})
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "layers.jsonl")
        log.write_text("\n".join(map(json.dumps, rows[:-1])))
        return read_log(log, target).times


def recovered(name: str, times: Sequence[Measured], start: K210Target, truth: K210Target) -> Row:
    """How far the constants that moved are from the true ones, and how large the errors are."""
    found = refit(times, start)
    account = calibration_account(times, found)
    moved = [key for key in found.changed if "cycles" in key]
    truths = {key: likely_cycles(truth, key) for key in moved}
    row: Row = {"log": name, "times": account["errors"]["before"]["times"]}
    for unit in ("kpu", "cpu"):
        keys = [key for key in moved if key.startswith(unit)]
        off = [abs(likely_cycles(found.after, key) / truths[key] - 1) for key in keys]
        row[f"{unit}_off"] = max(off, default=None)
        row[f"{unit}_ratio"] = account["processors"][unit]["ratio"]
    inside = sum(_inside(found.after, key, true) for key, true in truths.items())
    row |= {
        "in_band": f"{inside} of {len(moved)}",
        "kpu_band": found.after.kpu_time_factor_high - 1,
    }
    for when, errors in account["errors"].items():
        row |= {f"{when}_{what}": errors[what] for what in ("median", "worst")}
    return row


def _inside(target: K210Target, key: str, true: float) -> bool:
    """The true constant is in the band that `target` has for it."""
    if key.startswith("kpu"):
        part = true / getattr(target, key)
        return bool(target.kpu_time_factor_low <= part <= target.kpu_time_factor_high)
    low, _, high = getattr(target, key)
    return bool(low <= true <= high)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--timings", type=Path, help="times of the layers of one network")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    target = K210Target.load("k210")
    wrong = scaled(target, 1.5, 0.5)
    times = read_log(resources.folder("constraints") / "k210_times.csv", target).times
    rows = [recovered("k210_times.csv, from KPU x 1.5, CPU x 0.5", times, wrong, target)]
    if options.timings:
        one = layers(options.timings, wrong)
        rows.insert(0, recovered("one network's layers, from the same", one, wrong, target))
    for kpu, cpu in ((1.5, 0.5), (1.5, 1.0), (1.0, 0.5), (1.0, 1.3)):
        board = scaled(target, kpu, cpu)
        name = f"6 networks of a board with KPU x {kpu}, CPU x {cpu}, from k210"
        rows.append(recovered(name, made_up(target, board), target, board))
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    cells = [[row["log"], *(_text(value) for value in list(row.values())[1:])] for row in rows]
    print(format_table(list(rows[0]), cells, left=("log",)))


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
