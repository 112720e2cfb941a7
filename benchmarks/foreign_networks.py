"""Networks of other people's kinds: what dse says of each, and what nncase 1.9 does with it.

    python benchmarks/foreign_networks.py FOLDER [--cache DIR] [--only NAME ...] [--json]

For every `.tflite` file in FOLDER: the verdict and the figures that `dse check` gives; nncase's
own, compiled in a process of its own, whose death is an answer like any other; and whether the
compiled file, in nncase's simulator, computes on noise what TensorFlow Lite computes. `--cache`
keeps nncase's answers, by content, since they are what takes time. A verdict is right where

* nncase compiles it, the file computes the same, and dse accepts or rejects it by the same limit;
* nncase has not enough KPU memory, and dse rejects it for that;
* nncase refuses it, dies of it, or makes a file that computes something else, and dse refuses it.

The exit code is 1 when a verdict is wrong or a figure of a known network differs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from foreign_nncase import inputs_of

from dse import processes
from dse.chips import judge, price
from dse.chips.k210.compiler.compiler import OUT_OF_KPU_MEMORY
from dse.chips.k210.compiler.schedules import peak_kpu_bytes
from dse.chips.k210.cost.kmodel_size import kmodel_bytes
from dse.chips.k210.cost.lowering import lower
from dse.chips.k210.cost.memory import plan_memory
from dse.chips.k210.cost.price import K210Cost
from dse.chips.k210.kmodel.kmodel import parse_kmodel
from dse.chips.k210.target import K210Target
from dse.errors import DseError
from dse.network.tflite_graph import read_tflite
from dse.text_table import format_table

__all__ = ["compare", "main"]

CHILD = Path(__file__).with_name("foreign_nncase.py")
TIME_LIMIT_S = 300
FIGURES = (
    "kmodel_bytes", "input_bytes", "output_bytes", "data_bytes", "main_memory_bytes",
    "peak_kpu_bytes",
)  # fmt: skip
MOST_LAYERS = 6
"""Whose ranges are tried both ways."""

SAME = 0.9
"""Correlation of the outputs from which a file computes the same: 8 bits on noise, random weights.

What nncase gets wrong has far less, what it gets right more than 0.97.
"""

Row = dict[str, Any]


def compare(path: Path, truth: Row, target: K210Target) -> Row:
    """What dse says of the file at `path`, beside `truth`, nncase's answer."""
    row: Row = {"network": path.stem, "nncase": truth, "dse": _ours(path, target)}
    status, reason = expected(truth, row["dse"].pop("cost", None), target)
    ours = row["dse"]
    if truth["status"] == "compiled" and truth["agreement"] is None and not ours["figures"]:
        status, reason = "refused", ""  # (nothing says whether it computes the same)
    row["expected"] = status if not reason else f"{status} ({reason})"
    right = ours["verdict"] == status and (status == "refused" or ours["reason"] == reason)
    row["verdict"] = "unknown" if ours["verdict"] == "unknown" else "right" if right else "wrong"
    row["differences"], row["bytes"] = {}, ""
    if truth["figures"] and ours["verdict"] in ("accepted", "rejected") and status != "refused":
        row["differences"] = _differences(ours["figures"], truth["figures"])
        row["bytes"] = "equal"
        if row["differences"]:
            row["bytes"] = "other range" if _of_another_range(path, truth, target) else "differ"
    return row


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


# --- nncase's answer ------------------------------------------------------------------------


def truth_of(path: Path, cache: Path | None) -> Row:
    """nncase's answer to the file at `path`, from `cache` where it has one."""
    content = path.read_bytes()
    kept = cache / f"{hashlib.sha256(content).hexdigest()}.json" if cache else None
    if kept and kept.is_file():
        found: Row = json.loads(kept.read_text())
        return found
    answer = _ask(content)
    if kept:
        kept.write_text(json.dumps(answer))
    return answer


def _ask(content: bytes) -> Row:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "model.tflite").write_bytes(content)
        try:
            inputs = inputs_of(content)
        except Exception as error:  # whatever a foreign file makes of the reader
            return _answer("refused", f"unreadable: {error}")
        rng = np.random.default_rng(0)
        arrays: Row = {}
        for index, (shape, _) in enumerate(inputs):
            arrays[f"x{index}"] = rng.integers(0, 256, shape, np.uint8)
        np.savez(folder / "inputs.npz", **arrays)
        command = [sys.executable, str(CHILD), str(folder)]
        code, log, death = processes.run(command, TIME_LIMIT_S)
        kmodel = folder / "model.kmodel"
        if code is None:
            return _answer("timeout", "")
        if not kmodel.is_file():
            said = [line for line in log.splitlines() if line.strip()]
            return _answer("refused" if code > 0 else "died", f"{death}: {' '.join(said[-3:])}")
        headers = parse_kmodel(kmodel.read_bytes())
        figures = {
            "kmodel_bytes": kmodel.stat().st_size,
            "input_bytes": headers.input_bytes,
            "output_bytes": headers.output_bytes,
            "data_bytes": headers.data_bytes,
            "peak_kpu_bytes": peak_kpu_bytes(folder / "dump" / "codegen") or 0,
        }
        figures["main_memory_bytes"] = sum(figures[name] for name in FIGURES[:4])
        agreement, notes = _agreement(folder, content, arrays)
        return {**_answer("compiled", notes), "figures": figures, "agreement": agreement}


def _answer(status: str, message: str) -> Row:
    return {"status": status, "message": message[:400], "figures": {}, "agreement": None}


def _agreement(folder: Path, content: bytes, arrays: Row) -> tuple[float | None, str]:
    """The least correlation of an output with TensorFlow Lite's; None where that runs not."""
    outputs = folder / "outputs.npz"
    if not outputs.is_file():
        return 0.0, "the simulator fails on it"
    import tensorflow as tf

    try:
        interpreter = tf.lite.Interpreter(model_content=content)
        interpreter.allocate_tensors()
        for index, detail in enumerate(interpreter.get_input_details()):
            real = arrays[f"x{index}"].astype(np.float32) * np.float32(2 / 255) - np.float32(1)
            interpreter.set_tensor(detail["index"], real.reshape(detail["shape"]))
        interpreter.invoke()
        wanted = [interpreter.get_tensor(d["index"]) for d in interpreter.get_output_details()]
    except Exception as error:
        return None, f"TensorFlow Lite fails: {error}"
    found = np.load(outputs)
    told = []
    for index, real in enumerate(wanted):
        if real.ndim == 4:
            real = real.transpose(0, 3, 1, 2)
        told.append(_correlation(found[f"y{index}"].ravel(), real.ravel()))
    known = [one for one in told if one is not None]
    return (min(known), "") if known else (None, "its outputs hardly vary")


def _correlation(one: Any, other: Any) -> float | None:
    """One where the two are as good as equal; None where `other` says the same of everything."""
    one, other = one.astype(np.float64), other.astype(np.float64)
    if one.shape != other.shape or not (np.isfinite(one).all() and np.isfinite(other).all()):
        return 0.0
    near = 1 - min(1.0, np.abs(one - other).max() / max(np.abs(other).max(), 1e-3))
    if 20 * other.std() < np.abs(other).max() and other.size > 1:
        return None
    if one.size < 8 or not one.std() or not other.std() or near > 0.98:
        return float(near)
    return float(np.corrcoef(one, other)[0, 1])


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
        kind: sum(row["verdict"] == kind for row in rows) for kind in ("right", "wrong", "unknown")
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
    rows = [compare(path, truth_of(path, options.cache), target) for path in paths]
    print(json.dumps(rows, indent=2) if options.json else summary(rows))
    return int(any(row["verdict"] == "wrong" or row["bytes"] == "differ" for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
