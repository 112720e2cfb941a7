"""nncase's own answer to a network: its file, what that needs, and whether it computes the same.

Each network is compiled in a process of its own, whose death is an answer like any other. The first
look at what the file computes is one picture of even noise, which tells little: where a map hardly
varies, outputs look alike that have nothing to do with each other, and calibrated on such a map
nncase's tables of functions saturate. Wherever it and `dse` do not agree, pictures as varied as
photographs decide, as in `dse check --compile`.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from foreign_nncase import inputs_of

from dse import processes
from dse.chips.k210.compiler.compiler import compile_kmodel
from dse.chips.k210.compiler.file_runs import Died, run_tflite
from dse.chips.k210.compiler.network_inputs import NetworkInputs, network_inputs
from dse.chips.k210.compiler.output_agreement import compared, outputs_of
from dse.chips.k210.compiler.schedules import peak_kpu_bytes
from dse.chips.k210.compiler.trial import tried
from dse.chips.k210.compiler.trial_inputs import noise
from dse.chips.k210.kmodel.kmodel import parse_kmodel
from dse.errors import CompilerError, VerificationFailed

__all__ = ["FIGURES", "SAME", "settled", "truth_of"]

CHILD = Path(__file__).with_name("foreign_nncase.py")
TIME_LIMIT_S = 300
FIGURES = (
    "kmodel_bytes", "input_bytes", "output_bytes", "data_bytes", "main_memory_bytes",
    "peak_kpu_bytes",
)  # fmt: skip
SAME = 0.9
"""Correlation of the outputs from which a file computes the same: 8 bits on noise, random weights.

What nncase gets wrong has far less, what it gets right more than 0.97.
"""

PIXELS = (-1.0, 1.0)
"""What the bytes of a picture mean, in both looks."""

Row = dict[str, Any]


def truth_of(path: Path, cache: Path | None) -> Row:
    """nncase's answer to the file at `path`, from `cache` where it has one."""
    found: Row = _cached(path, cache, "", lambda: _ask(path.read_bytes()))
    return found


def _cached(path: Path, cache: Path | None, suffix: str, ask: Callable[[], Any]) -> Any:
    kept = (
        cache / f"{hashlib.sha256(path.read_bytes()).hexdigest()}{suffix}.json" if cache else None
    )
    if kept and kept.is_file():
        return json.loads(kept.read_text())
    answer = ask()
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


def settled(path: Path, truth: Row, ours: Row, cache: Path | None) -> Row:
    """`truth`, looked at again where dse says the contrary of what it computes, or it says nothing.

    The verdict of the second look, whichever it is, holds.
    """
    if truth["status"] != "compiled" or ours["verdict"] == "unknown":
        return truth
    agreement, is_refused = truth["agreement"], ours["verdict"] == "refused"
    if agreement is not None and (agreement < SAME) == is_refused:
        return truth
    if agreement is None and not is_refused:
        return truth
    same, found = _cached(path, cache, "again", lambda: _looked_again(path.read_bytes()))
    return {**truth, "agreement": None if same is None else float(same), "message": found}


def _looked_again(content: bytes) -> tuple[bool | None, str]:
    """Whether the compiled file computes what the network does, and what was found; None where
    its outputs tell nothing, or that cannot be looked at."""
    try:
        inputs = NetworkInputs(network_inputs(content).shapes, PIXELS)
        samples = noise(inputs)
        compiled = compile_kmodel(content, samples.arrays, time_limit_s=TIME_LIMIT_S)
        found = outputs_of(compiled, inputs, samples, TIME_LIMIT_S)
        wanted = run_tflite(content, inputs.numbers(samples.arrays), TIME_LIMIT_S)
        outputs = compared([f"output {one}" for one in range(len(found))], found, wanted)
        words = "; ".join(map(str, outputs))
        if not all(one.same for one in outputs):
            return False, words
        if all(one.telling for one in outputs):
            return True, words
        whole = tried(content, compiled, inputs, samples, time_limit_s=TIME_LIMIT_S)
    except Died as death:
        return False, str(death)
    except (CompilerError, VerificationFailed) as error:
        return None, str(error)
    if not whole.same:
        return False, str(whole)
    told = any(one.telling for one in (*whole.outputs, *whole.inside))
    return (True if told else None), str(whole)
