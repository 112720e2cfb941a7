"""TensorFlow Lite's interpreter in a process of its own, which a damaged file may kill.

`python -m dse.chips.k210.compiler.tflite_run FOLDER` reads FOLDER/model.tflite and inputs.npz,
arrays (samples, *shape of the input without its leading 1) in the order of the inputs, and writes
outputs.npz, the same of the outputs. Where FOLDER/tensors.json lists numbers of tensors, those take
the outputs' place.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from dse.chips.k210.compiler.tflite_predictor import interpreter_of, start_without_keras
from dse.network.weights_file import read_arrays

__all__ = ["run_folder"]


def run_folder(folder: Path) -> None:
    """Runs the file sample by sample. Raises VerificationFailed where TensorFlow refuses it."""
    listing = folder / "tensors.json"
    asked = json.loads(listing.read_text()) if listing.is_file() else None
    content = (folder / "model.tflite").read_bytes()
    interpreter = interpreter_of(content, every_map=asked is not None)
    inputs = list(read_arrays(folder / "inputs.npz").values())
    reads = interpreter.get_input_details()
    writes = [one["index"] for one in interpreter.get_output_details()]
    wanted = writes if asked is None else asked
    found: list[list[np.ndarray]] = [[] for _ in wanted]  # type: ignore[type-arg]
    for sample in zip(*inputs, strict=True):
        for tensor, values in zip(reads, sample, strict=True):
            interpreter.set_tensor(tensor["index"], values.reshape(tensor["shape"]))
        interpreter.invoke()
        for index, outputs in zip(wanted, found, strict=True):
            outputs.append(np.array(interpreter.get_tensor(index)))
    np.savez(folder / "outputs.npz", *[np.stack(one) for one in found])


if __name__ == "__main__":
    start_without_keras()
    run_folder(Path(sys.argv[1]))
