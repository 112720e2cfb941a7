"""What the real compiler says of a design, beside what `dse.cost` predicts.

A candidate is compiled with random weights, which no size depends on; a `.tflite` file as it
is. Activation ranges come from random pictures, so that the kmodel is thrown away.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from dse.cost.price import KPU_FORMAT, Cost, price
from dse.cost.subject import Subject, resolve
from dse.cost.table import format_table
from dse.cost.target import Target
from dse.cost.verdict import REJECTED, Verdict, judge
from dse.errors import CompilerError
from dse.export.compiler import OUT_OF_KPU_MEMORY, CompiledKmodel, compile_kmodel
from dse.export.tflite import random_tflite

__all__ = ["COMPARED", "compiled_row", "compiled_table"]

Row = dict[str, Any]

COMPARED = (
    "kmodel_bytes", "input_bytes", "output_bytes", "data_bytes", "main_memory_bytes",
    "peak_kpu_bytes",
)  # fmt: skip
"""Figures that the compiler reports too."""

_LABELS = ("file (MODEL)", ".input", ".output", ".data", "main memory", "KPU memory")


def compiled_row(name: str, target: Target, time_limit_s: float = 120) -> Row | None:
    """The field `compiled` of `dse check --compile`; None for a format of the CPU.

    name: as `dse.cost.check_rows` takes it. `verdict`, `reason` and `message` judge the
    compiler's own figures (COMPARED, null where it wrote no file) by `target`; `fits` says the
    same in a word. `differences`: predicted less compiled, bytes, where they differ; `agrees`:
    verdict and every figure are equal, null where the prediction knows not all operations.
    Raises UsageError, UnknownName or InvalidFile for a name that means nothing.
    """
    subject = resolve(name)
    if subject.format != KPU_FORMAT:
        return None
    predicted = price(subject.graph, subject.format, target)
    try:
        compiled = _compile(subject, target, time_limit_s)
    except CompilerError as error:
        return _refused(predicted, judge(predicted, target), str(error))
    return _compared(predicted, compiled, target)


def _compile(subject: Subject, target: Target, time_limit_s: float) -> CompiledKmodel:
    if subject.candidate is None:
        tflite = Path(subject.name).read_bytes()
    else:
        tflite = random_tflite(subject.graph, seed=0)
    shape = (1, *subject.graph.input.shape)
    pictures = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    return compile_kmodel(
        tflite, pictures, interleaved=target.interleaved, time_limit_s=time_limit_s
    )


def _refused(predicted: Cost, ours: Verdict, said: str) -> Row:
    """The compiler wrote no file: out of KPU memory, or for a reason that only it knows."""
    reason = "kpu_memory" if OUT_OF_KPU_MEMORY in said else "compiler"
    same = (ours.status, ours.reason) == (REJECTED, reason)
    return {
        "verdict": REJECTED,
        "fits": False,
        "reason": reason,
        **dict.fromkeys(COMPARED),
        "agrees": None if predicted.unknown_ops else same,
        "differences": {},
        "message": said,
    }


def _compared(predicted: Cost, compiled: CompiledKmodel, target: Target) -> Row:
    found: Row = {field: getattr(compiled, field) or 0 for field in COMPARED}
    ours = judge(predicted, target)
    theirs = judge(replace(predicted, **found, unknown_ops=()), target)
    differences = {
        field: getattr(predicted, field) - found[field]
        for field in COMPARED
        if getattr(predicted, field) != found[field]
    }
    same = ours.status == theirs.status and not differences
    return {
        "verdict": theirs.status,
        "fits": theirs.accepted,
        "reason": theirs.reason or None,
        **found,
        "agrees": None if predicted.unknown_ops else same,
        "differences": differences,
        "message": theirs.message or "compiled",
    }


def compiled_table(row: Row) -> str:
    """A row of `check_rows` with its field `compiled`, side by side, for a terminal."""
    compiled = row["compiled"]
    if compiled is None:
        return f"{row['candidate']}: the compiler knows no other format than {KPU_FORMAT}"
    cells = [("verdict", row["verdict"], compiled["verdict"], "")]
    for label, field in zip(_LABELS, COMPARED, strict=True):
        theirs = compiled[field]
        less = compiled["differences"].get(field, 0)
        told = ("-", "") if theirs is None else (f"{theirs:,}", f"{less:+,}" if less else "equal")
        cells.append((label, f"{row[field]:,}", *told))
    table = format_table(
        (row["candidate"], "predicted", "compiled", "off by"), cells, left=(row["candidate"],)
    )
    return f"{table}\n{_sentence(row, compiled)}"


def _sentence(row: Row, compiled: Row) -> str:
    """Whether both agree, in words."""
    if compiled["agrees"] is None:
        return f"trust the compiler ({compiled['message']}): {row['message']}"
    if compiled["kmodel_bytes"] is None:
        words = "the compiler refuses it too" if compiled["agrees"] else "the compiler refuses it"
        return f"{words}: {compiled['message']}"
    if compiled["agrees"]:
        return "predicted and compiled agree to the byte"
    return "predicted and compiled DIFFER: trust the compiler, and report the network"
