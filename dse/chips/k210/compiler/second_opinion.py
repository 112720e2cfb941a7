"""What the real compiler says of a design, beside what `dse.chips` predicts.

A candidate is compiled with random weights, which no size depends on; a `.tflite` file as it is,
and tried: compiling is not working. Activation ranges come from the samples that it is tried on,
so that the kmodel is thrown away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import chain, combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dse.chips.k210.compiler.compiler import (
    OUT_OF_KPU_MEMORY,
    STOPPED,
    CompiledKmodel,
    compile_kmodel,
)
from dse.chips.k210.compiler.network_inputs import NetworkInputs, network_inputs
from dse.chips.k210.compiler.tflite import random_tflite
from dse.chips.k210.compiler.trial import tried
from dse.chips.k210.compiler.trial_inputs import Samples, chosen_samples
from dse.chips.k210.cost.kmodel_size import kmodel_bytes
from dse.chips.k210.cost.lowering import lower
from dse.chips.k210.cost.memory import plan_memory
from dse.chips.k210.cost.older_versions import in_first_version
from dse.chips.k210.cost.price import FIGURES, KPU_FORMAT, K210Cost, price
from dse.chips.k210.target import K210Target
from dse.chips.pricing import judge
from dse.chips.registry import chip
from dse.chips.subject import OwnFile, Subject, find
from dse.chips.verdict import MISCOMPILED, REFUSED, REJECTED, Verdict
from dse.errors import CompilerError, VerificationFailed
from dse.text_table import format_table

__all__ = ["COMPARED", "compiled_row", "compiled_table"]

Row = dict[str, Any]

COMPARED = FIGURES
"""Figures that the compiler reports too."""

_LABELS = ("file (MODEL)", ".input", ".output", ".data", "main memory", "KPU memory")


def compiled_row(
    name: str,
    target: K210Target,
    classes: int = 1,
    time_limit_s: float = 120,
    *,
    pictures: Path | None = None,
    trial: bool = True,
) -> Row | None:
    """The field `compiled` of `dse check --compile`; None for a format of the CPU, and for a
    file that is compiled.

    name, classes: as `dse.chips.check_rows` takes them. `verdict`, `reason` and `message` judge the
    compiler's own figures (COMPARED, null where it wrote no file) by `target`; `fits` says the
    same in a word. `differences`: predicted less compiled, bytes, where they differ.
    `other_ranges`: layers at which the calibration decided the unlikelier way, where that is all
    the difference (see `K210Cost.range_dependent`). `agrees`: verdict and every figure are equal,
    null where the prediction knows not all operations, or `other_ranges` explain it.
    `agreement`: of a file, whether it computes what the network does (see `Agreement.as_dict`), on
    `pictures`, a folder or file, or on noise; null for a candidate, whose weights are random, and
    without `trial`.
    Raises UsageError, UnknownName or InvalidFile for a name that means nothing, DataError for
    `pictures` that cannot be read.
    """
    subject = find(name, chip(target.chip), classes)
    if isinstance(subject, OwnFile) or subject.format != KPU_FORMAT:
        return None
    predicted = price(subject.graph, subject.format, target)
    try:
        material = _material(subject, pictures)
        native = compile_kmodel(
            material.content,
            material.samples.arrays,
            interleaved=target.interleaved,
            time_limit_s=time_limit_s,
            kind=material.inputs.kind,
        )
        compiled = native.in_first_version(target.kmodel_versions_written)
    except CompilerError as error:
        return _refused(predicted, judge(predicted, target), str(error))
    row = _compared(predicted, compiled, target)
    if row["agrees"] is False:
        row["other_ranges"] = _other_ranges(subject, predicted, row, target)
        row["agrees"] = None if row["other_ranges"] else False
    if subject.candidate is None and trial:
        row |= _tried(material, native, target, time_limit_s)
    if predicted.refusals:  # the compiler does compile it: rightly?
        row |= {"agrees": row["verdict"] == MISCOMPILED, "differences": {}}
    return row


class _Material(NamedTuple):
    """What is compiled, and what it is calibrated and tried with."""

    content: bytes
    inputs: NetworkInputs
    samples: Samples


def _material(subject: Subject, pictures: Path | None) -> _Material:
    if subject.file is not None:
        content = subject.file.content
        inputs = network_inputs(content, subject.file.kind)
        return _Material(content, inputs, chosen_samples(inputs, pictures))
    content = random_tflite(subject.graph, seed=0)
    shape = (1, *subject.graph.input.shape)
    picture = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    return _Material(content, network_inputs(content), Samples((picture,), "a random picture"))


def _tried(
    material: _Material, native: CompiledKmodel, target: K210Target, time_limit_s: float
) -> Row:
    """The field `agreement`; and, where the file computes something else, another verdict."""
    try:
        agreement = tried(
            material.content,
            native,
            material.inputs,
            material.samples,
            interleaved=target.interleaved,
            time_limit_s=time_limit_s,
        )
    except (CompilerError, VerificationFailed) as error:
        return {"agreement": {"same": None, "message": f"it could not be tried: {error}"}}
    told = {"agreement": {**agreement.as_dict(), "message": str(agreement)}}
    if agreement.same:
        return told
    verdict = {"verdict": MISCOMPILED, "fits": False, "reason": "computes_something_else"}
    return {**told, **verdict, "message": agreement.message}


def _other_ranges(subject: Subject, predicted: K210Cost, row: Row, target: K210Target) -> list[str]:
    """Layers whose ranges, come out otherwise, make the prediction the compiler's; or none."""
    layers = predicted.range_dependent
    for otherwise in chain.from_iterable(combinations(layers, n + 1) for n in range(len(layers))):
        lowered = lower(subject.graph, target.interleaved, frozenset(otherwise))
        program = in_first_version(lowered, target.kmodel_versions_written)
        memory = plan_memory(program)
        ours = (kmodel_bytes(program), memory.data_bytes, memory.peak_kpu_bytes)
        if ours == tuple(row[f"{key}_bytes"] for key in ("kmodel", "data", "peak_kpu")):
            return list(otherwise)
    return []


def _refused(predicted: K210Cost, ours: Verdict, said: str) -> Row:
    """The compiler wrote no file: out of KPU memory, or for a reason that only it knows."""
    reason = "kmodel_version" if predicted.unwritten else "compiler"
    if OUT_OF_KPU_MEMORY in said:
        reason = "kpu_memory"
    status = REFUSED if reason == "compiler" else REJECTED
    same = (ours.status, ours.reason) == (status, reason)
    told = predicted.is_priced or predicted.refusals
    return {
        "verdict": status,
        "fits": False,
        "reason": reason,
        **dict.fromkeys(COMPARED),
        "agrees": same if told and STOPPED not in said else None,
        "differences": {},
        "other_ranges": [],
        "agreement": None,
        "message": said,
    }


def _compared(predicted: K210Cost, compiled: CompiledKmodel, target: K210Target) -> Row:
    found: Row = {field: getattr(compiled, field) or 0 for field in COMPARED}
    ours = judge(predicted, target)
    theirs = judge(replace(predicted, **found, unknown_ops=(), refusals=()), target)
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
        "agrees": same if predicted.is_priced else None,
        "differences": differences,
        "other_ranges": [],
        "agreement": None,
        "message": theirs.message or "compiled",
    }


def compiled_table(row: Mapping[str, Any]) -> str:
    """A row of `check_rows` with its field `compiled`, side by side, for a terminal."""
    compiled = row["compiled"]
    if compiled is None:
        return f"{row['candidate']}: the compiler knows no other format than {KPU_FORMAT}"
    cells = [("verdict", row["verdict"], compiled["verdict"], "")]
    for label, field in zip(_LABELS, COMPARED, strict=True):
        theirs = compiled[field]
        less = compiled["differences"].get(field, 0)
        told = ("-", "") if theirs is None else (f"{theirs:,}", f"{less:+,}" if less else "equal")
        ours = "-" if row["verdict"] == REFUSED else f"{row[field]:,}"
        cells.append((label, ours, *told))
    table = format_table(
        (row["candidate"], "predicted", "compiled", "off by"), cells, left=(row["candidate"],)
    )
    lines = [table, _sentence(row, compiled), *_agreement_lines(compiled["agreement"])]
    return "\n".join(lines)


def _agreement_lines(agreement: Mapping[str, Any] | None) -> list[str]:
    """What the file computes, against the network; nothing of a candidate."""
    return [] if agreement is None else agreement["message"].splitlines()


def _sentence(row: Mapping[str, Any], compiled: Row) -> str:
    """Whether both agree, in words."""
    if compiled["other_ranges"]:
        layers = ", ".join(compiled["other_ranges"])
        return f"they agree, the calibration having decided the unlikelier way at {layers}"
    if compiled["verdict"] == MISCOMPILED and (row["verdict"] == REFUSED or not compiled["agrees"]):
        return f"predicted: {row['message']}"
    if compiled["agrees"] is None:
        return f"trust the compiler ({compiled['message']}): {row['message']}"
    if compiled["kmodel_bytes"] is None:
        words = "the compiler refuses it too" if compiled["agrees"] else "the compiler refuses it"
        return f"{words}: {compiled['message']}"
    if compiled["agrees"]:
        return "predicted and compiled agree to the byte"
    return "predicted and compiled DIFFER: trust the compiler, and report the network"
