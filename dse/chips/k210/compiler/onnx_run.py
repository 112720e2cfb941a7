"""ONNX Runtime in a process of its own, which a damaged file may kill; see `tflite_run`.

`python -m dse.chips.k210.compiler.onnx_run FOLDER` reads FOLDER/model.onnx and inputs.npz, and
writes outputs.npz.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from dse.network.weights_file import read_arrays

__all__ = ["run_folder"]


def run_folder(folder: Path) -> None:
    """Runs the file sample by sample. Raises what the runtime raises where it cannot."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        folder / "model.onnx", options, providers=["CPUExecutionProvider"]
    )
    reads = session.get_inputs()
    inputs = list(read_arrays(folder / "inputs.npz").values())
    found: list[Any] = []
    for sample in zip(*inputs, strict=True):
        pairs = zip(reads, sample, strict=True)
        given = {one.name: values.reshape(one.shape) for one, values in pairs}
        found.append(session.run(None, given))
    np.savez(folder / "outputs.npz", *[np.stack(one) for one in zip(*found, strict=True)])


if __name__ == "__main__":
    run_folder(Path(sys.argv[1]))
