"""nncase in a process of its own: `compile FOLDER`, or `simulate FILE`.

It runs under the interpreter that has the wanted version of nncase, so it imports that, numpy
and nothing of `dse`; the parents import it for its frames.

compile reads FOLDER/model.tflite, calibration.npy and options.json; it writes
FOLDER/model.kmodel and the compiler's dump below FOLDER/dump, and says what it has to say on
stdout. simulate answers pictures from stdin with maps, in frames, on what was stdout when it
started. A frame is one byte of kind and four of length (little endian), then the content: a
picture's bytes ("p"), JSON with the tensors' shapes ("r", once, when the file is loaded), a
map's float32 numbers ("d"), or the reason why there is none ("e").
"""

from __future__ import annotations

import json
import os
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np

__all__ = ["FRAME", "Array", "Loaded", "answer_pictures", "main"]

FRAME = struct.Struct("<cI")

Array = np.ndarray[Any, Any]
Loaded = tuple[dict[str, list[int]], Callable[[Array], Array]]
"""Shapes of the tensors "input" and "output"; a picture -> its map."""


def main(task: str, path: Path) -> None:
    """Does `task` with `path`. nncase raises RuntimeError, or ends the process."""
    if task == "compile":
        compile_folder(path)
    else:
        answer_pictures(path, _simulator)


def answer_pictures(path: Path, load: Callable[[bytes], Loaded]) -> None:
    """Loads the file `path`, then answers pictures with maps until stdin ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what native code prints must not land among the maps
    try:
        shapes, run = load(path.read_bytes())
        _answer(answers, b"r", json.dumps(shapes).encode())
        while (pixels := _next(sys.stdin.buffer, shapes["input"])) is not None:
            _answer(answers, b"d", np.ascontiguousarray(run(pixels), np.float32).tobytes())
    except Exception as error:
        _answer(answers, b"e", f"{type(error).__name__}: {error}".encode(errors="replace"))


def compile_folder(folder: Path) -> None:
    """Compiles what lies in `folder`."""
    import nncase

    options = json.loads((folder / "options.json").read_text())
    calibration = np.load(folder / "calibration.npy", allow_pickle=False)
    compiler = nncase.Compiler(_compile_options(options, calibration.shape, folder / "dump"))
    compiler.import_tflite((folder / "model.tflite").read_bytes(), nncase.ImportOptions())
    ranges = nncase.PTQTensorOptions()
    ranges.samples_count = len(calibration)
    ranges.calibrate_method = options["calibrate_method"]
    ranges.set_tensor_data(np.ascontiguousarray(calibration).tobytes())
    compiler.use_ptq(ranges)
    compiler.compile()
    (folder / "model.kmodel").write_bytes(compiler.gencode_tobytes())


def _compile_options(options: dict[str, Any], shape: tuple[int, ...], dump: Path) -> Any:
    """Options for pictures of `shape` (n, and h, w, channels in their layout).

    Identity normalisation: a mean or a deviation here would run on the CPU in float32.
    """
    import nncase

    channels = shape[options["layout"].index("C")]
    chosen = nncase.CompileOptions()
    chosen.target = options["target"]
    chosen.preprocess = True
    chosen.input_type = "uint8"
    chosen.input_range = [-1, 1]
    chosen.mean = [0.0] * channels
    chosen.std = [1.0] * channels
    chosen.input_shape = [1, *shape[1:]]
    chosen.input_layout = options["layout"]
    chosen.output_layout = options["layout"]
    if hasattr(chosen, "model_layout"):  # 1.0 and 1.1 have none, and take a TFLite file for NHWC
        chosen.model_layout = "NHWC"
    chosen.dump_ir = True
    chosen.dump_dir = str(dump)
    return chosen


def _simulator(kmodel: bytes) -> Loaded:
    import nncase

    simulator = nncase.Simulator()
    simulator.load_model(kmodel)

    def run(pixels: Array) -> Array:
        simulator.set_input_tensor(0, nncase.RuntimeTensor.from_numpy(pixels))
        simulator.run()
        found: Array = simulator.get_output_tensor(0).to_numpy()
        return found

    read, written = simulator.get_input_tensor(0), simulator.get_output_tensor(0)
    return {"input": [int(n) for n in read.shape], "output": [int(n) for n in written.shape]}, run


def _next(stream: IO[bytes], shape: list[int]) -> Array | None:
    """The next picture, or None at the end."""
    head = stream.read(FRAME.size)
    if len(head) < FRAME.size:
        return None
    _, size = FRAME.unpack(head)
    content = stream.read(size)
    return np.frombuffer(content, np.uint8).reshape(shape) if len(content) == size else None


def _answer(stream: IO[bytes], kind: bytes, content: bytes) -> None:
    stream.write(FRAME.pack(kind, len(content)) + content)
    stream.flush()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
