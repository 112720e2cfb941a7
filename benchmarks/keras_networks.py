"""Networks as people build them in Keras, converted by TensorFlow, predicted and compiled.

    python benchmarks/keras_networks.py [NAME ...] [--keep DIR] [--untried] [--json]

Those of `keras_models`, all or by NAME: `keras.applications` as they come and in small, and the
heads of five detectors, all with random weights. Of each: what `dse check` says, in how many
seconds, and what nncase makes of it, which is tried against TensorFlow Lite as `dse check
--compile` does, but with `--untried`: the large ones take minutes in nncase's simulator. `--keep`
keeps the converted files, for another run. Exit code 1 when one is not as predicted.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_models import MODELS

from dse.chips import check_rows, load_target
from dse.chips.k210.compiler.compiler import STOPPED
from dse.chips.k210.compiler.second_opinion import compiled_row
from dse.chips.k210.target import K210Target
from dse.chips.verdict import REFUSED, UNKNOWN
from dse.network.keras_startup import keras
from dse.text_table import format_table

__all__ = ["to_tflite"]

Row = dict[str, Any]


def to_tflite(model: keras.Model) -> bytes:
    """`model` for one picture, by TensorFlow's own converter."""
    import tensorflow as tf

    picture = keras.Input(model.input_shape[1:], batch_size=1)
    with contextlib.redirect_stdout(io.StringIO()):  # a line for each weight
        converted = tf.lite.TFLiteConverter.from_keras_model(keras.Model(picture, model(picture)))
        content: bytes = converted.convert()
    return content


def converted(name: str, folder: Path) -> Path:
    """The file of a network in `folder`, made where it is not there."""
    path = folder / f"{name}.tflite"
    if not path.is_file():
        content = to_tflite(MODELS[name]())
        path.write_bytes(content)
        keras.backend.clear_session()
    return path


def measured(path: Path, target: K210Target, time_limit_s: float, *, trial: bool) -> Row:
    """The row of `dse check --compile` for a file, with the seconds that each half took."""
    start = time.perf_counter()
    (row,) = check_rows([str(path)], target)
    checked = time.perf_counter()
    compiled = compiled_row(str(path), target, time_limit_s=time_limit_s, trial=trial)
    seconds = {"check_s": checked - start, "compile_s": time.perf_counter() - checked}
    return {**row, "candidate": path.stem, "compiled": compiled, **seconds}


def summary(rows: Sequence[Row]) -> str:
    """A line a network: predicted, nncase's own, and whether that is the same."""
    header = (
        "network", "dse check", "nncase", "file", "RAM", "KPU", "bytes", "computes", "time",
        "check", "compile",
    )  # fmt: skip
    return format_table(header, [_cells(row) for row in rows], left=(*header[:3], "bytes"))


def _cells(row: Row) -> tuple[str, ...]:
    compiled, sizes = row["compiled"], ("kmodel_bytes", "main_memory_bytes", "peak_kpu_bytes")
    untold = row["verdict"] in (REFUSED, UNKNOWN)
    return (
        row["candidate"],
        _verdict(row),
        "no answer in time" if STOPPED in compiled["message"] else _verdict(compiled),
        *("-" if untold else f"{row[size]:,}" for size in sizes),
        _bytes(row),
        _agreement(compiled["agreement"]),
        "-" if row["latency_ms"] is None else f"{row['latency_ms']:,.0f} ms",
        f"{row['check_s']:.1f} s",
        f"{row['compile_s']:.0f} s",
    )


def _verdict(row: Row) -> str:
    reason = {"kpu_memory": "KPU memory", "main_memory": "RAM"}.get(row["reason"] or "", "")
    return f"{row['verdict']} {reason}".strip()


def _bytes(row: Row) -> str:
    compiled = row["compiled"]
    if compiled["kmodel_bytes"] is None or row["verdict"] in (REFUSED, UNKNOWN):
        return "-"
    if compiled["other_ranges"]:
        return "other range"
    return "differ" if compiled["differences"] else "equal"


def _agreement(agreement: Row | None) -> str:
    """The least correlation of an output, or what came of the trial."""
    if agreement is None:
        return "-"
    outputs = [*agreement.get("outputs", ()), *agreement.get("inside", ())]
    told = [one["correlation"] for one in outputs if one["correlation"] is not None]
    same = {True: "the same", False: "another", None: "not tried"}[agreement["same"]]
    return f"{same} ({min(told):.3f})" if told else same


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("networks", nargs="*", default=list(MODELS), metavar="NAME")
    parser.add_argument("--target", default="k210")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where converted files stay")
    parser.add_argument("--time-limit-s", type=float, default=360, help="for each compilation")
    parser.add_argument("--untried", action="store_true", help="compile, and no more")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    target, rows = K210Target.own(load_target(options.target)), []
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for name in options.networks:
            path, limit_s = converted(name, folder), options.time_limit_s
            rows.append(measured(path, target, limit_s, trial=not options.untried))
            print(summary(rows[-1:]), rows[-1]["compiled"]["message"], sep="\n", file=sys.stderr)
    print(json.dumps(rows, indent=2) if options.json else summary(rows))
    return int(any(row["compiled"]["agrees"] is False for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
