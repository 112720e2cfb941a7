"""nncase on one network, in a process that may die of it: `python foreign_nncase.py FOLDER`.

FOLDER holds model.tflite and inputs.npz (x0, x1, ...: numbers from 0 to 255, for -1 to 1). A
picture goes in as planar uint8, as `dse` deploys networks; an input of another rank as float32.
It writes model.kmodel, the compiler's dump, and outputs.npz (y0, y1, ...), what the file computes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import tflite

__all__ = ["CHANNELS_LAST", "inputs_of"]

CHANNELS_LAST = (0, 3, 1, 2)


def inputs_of(content: bytes) -> list[tuple[list[int], bool]]:
    """Shape of each input, and whether it is a picture, which goes in as bytes."""
    graph = tflite.Model.GetRootAs(content, 0).Subgraphs(0)
    found = []
    for number in graph.InputsAsNumpy():
        shape = [max(1, int(side)) for side in graph.Tensors(number).ShapeAsNumpy()]
        found.append((shape, len(shape) == 4))
    return found


def main(folder: Path) -> None:
    import nncase

    content = (folder / "model.tflite").read_bytes()
    stored = np.load(folder / "inputs.npz")
    pictures = all(picture for _, picture in inputs_of(content))
    arrays: list[Any] = []
    for index in range(len(stored.files)):
        array = stored[f"x{index}"]
        if pictures:
            arrays.append(np.ascontiguousarray(array.transpose(CHANNELS_LAST)))
        else:
            arrays.append(array.astype(np.float32) * np.float32(2 / 255) - np.float32(1))
    options = nncase.CompileOptions()
    options.target = "k210"
    if pictures:
        options.preprocess = True
        options.input_type = "uint8"
        options.input_range = [-1, 1]
        options.mean = [0.0] * arrays[0].shape[1]
        options.std = [1.0] * arrays[0].shape[1]
        options.input_shape = list(arrays[0].shape)
        options.input_layout = options.output_layout = "NCHW"
        options.model_layout = "NHWC"
    options.dump_ir = True
    options.dump_dir = str(folder / "dump")
    compiler = nncase.Compiler(options)
    compiler.import_tflite(content, nncase.ImportOptions())
    ranges = nncase.PTQTensorOptions()
    ranges.samples_count = 1
    ranges.set_tensor_data(b"".join(array.tobytes() for array in arrays))
    compiler.use_ptq(ranges)
    compiler.compile()
    kmodel = compiler.gencode_tobytes()
    (folder / "model.kmodel").write_bytes(kmodel)
    simulator = nncase.Simulator()
    simulator.load_model(kmodel)
    for index, array in enumerate(arrays):
        simulator.set_input_tensor(index, nncase.RuntimeTensor.from_numpy(array))
    simulator.run()
    found = {
        f"y{i}": simulator.get_output_tensor(i).to_numpy() for i in range(simulator.outputs_size)
    }
    np.savez(folder / "outputs.npz", **found)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
