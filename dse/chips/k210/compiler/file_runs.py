"""Runs a compiled file and the network that it was made of on the same samples."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse import processes
from dse.chips.k210.compiler.simulator import require_sound
from dse.chips.k210.compiler.toolchain import Toolchain
from dse.errors import VerificationFailed
from dse.files import temporary_folder, whole_file, write_whole
from dse.network.weights_file import DAMAGED, read_arrays

__all__ = ["Died", "run_kmodel", "run_onnx", "run_tflite"]

Arrays = Sequence[NDArray[Any]]

TFLITE_RUN = "dse.chips.k210.compiler.tflite_run"
ONNX_RUN = "dse.chips.k210.compiler.onnx_run"


class Died(VerificationFailed):
    """What ran a file was ended by it; the message says how."""


def run_kmodel(
    kmodel: bytes, inputs: Arrays, tools: Toolchain, time_limit_s: float
) -> list[NDArray[Any]]:
    """Outputs (n, *shape) of a kmodel of version 5 in nncase's simulator.

    inputs: (n, *shape) for each, as they lie in the chip's memory. Raises Died where the file ends
    it, VerificationFailed where it reaches outside of its memory, is refused, or takes longer.
    """
    require_sound(kmodel, tools.version)
    with temporary_folder("dse-run-") as folder:
        write_whole(folder / "model.kmodel", kmodel, durable=False)
        return _run(
            "nncase's simulator", tools.command("run", folder), folder, inputs, time_limit_s
        )


def run_tflite(
    content: bytes, inputs: Arrays, time_limit_s: float, tensors: Sequence[int] | None = None
) -> list[NDArray[Any]]:
    """Outputs (n, 1, ...) of a TensorFlow-Lite file in TensorFlow's own interpreter.

    tensors: numbers of those wanted instead of the outputs. Raises as `run_kmodel`.
    """
    with temporary_folder("dse-run-") as folder:
        write_whole(folder / "model.tflite", content, durable=False)
        if tensors is not None:
            write_whole(folder / "tensors.json", json.dumps(list(tensors)), durable=False)
        command = processes.module_command(TFLITE_RUN, str(folder))
        return _run("TensorFlow Lite", command, folder, inputs, time_limit_s)


def run_onnx(content: bytes, inputs: Arrays, time_limit_s: float) -> list[NDArray[Any]]:
    """Outputs (n, 1, ...) of an ONNX file in ONNX Runtime.

    Raises as `run_kmodel`.
    """
    with temporary_folder("dse-run-") as folder:
        write_whole(folder / "model.onnx", content, durable=False)
        command = processes.module_command(ONNX_RUN, str(folder))
        return _run("ONNX Runtime", command, folder, inputs, time_limit_s)


def _run(
    name: str, command: list[str], folder: Path, inputs: Arrays, time_limit_s: float
) -> list[NDArray[Any]]:
    with whole_file(folder / "inputs.npz", durable=False) as file:
        np.savez(file, *inputs)
    code, said, death = processes.run(
        command, time_limit_s, memory_limit_bytes=processes.MEMORY_LIMIT_BYTES
    )
    if code is None:
        raise VerificationFailed(f"{name} was stopped after {time_limit_s:g} s")
    written = folder / "outputs.npz"
    if code == 0 and written.is_file():
        with contextlib.suppress(*DAMAGED):
            return list(read_arrays(written).values())
    if code is not None and code < 0:
        raise Died(f"{name} is {death} by it")
    raise VerificationFailed(f"{name} {death}: {processes.last_lines(said) or 'it said nothing'}")
