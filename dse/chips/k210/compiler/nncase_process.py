"""nncase in a process of its own: `compile FOLDER`, `run FOLDER`, or `simulate FILE`.

It runs under the interpreter that has the wanted version of nncase, so it imports that, numpy
and nothing of `dse`; the parents import it for its frames.

compile reads FOLDER/network, calibration.bin (all samples of the first input, then those of the
next) and options.json; it writes FOLDER/model.kmodel and the compiler's dump below FOLDER/dump,
and says what it has to say on stdout. run reads FOLDER/model.kmodel and inputs.npz, arrays
(samples, *shape of the input without its leading 1) in the order of the inputs, and writes
outputs.npz, the same of the outputs. simulate answers pictures from stdin with maps, in frames,
on what was stdout when it started. A frame is one byte of kind and four of length (little
endian), then the content: a picture's bytes ("p"), JSON with the tensors' shapes ("r", once, when
the file is loaded), a map's float32 numbers ("d"), or the reason why there is none ("e").
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
    elif task == "run":
        run_folder(path)
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
    compiler = nncase.Compiler(_compile_options(options, folder / "dump"))
    importer = getattr(compiler, f"import_{options['kind']}")
    importer((folder / "network").read_bytes(), nncase.ImportOptions())
    ranges = nncase.PTQTensorOptions()
    ranges.samples_count = options["samples"]
    ranges.calibrate_method = options["calibrate_method"]
    ranges.set_tensor_data((folder / "calibration.bin").read_bytes())
    compiler.use_ptq(ranges)
    compiler.compile()
    (folder / "model.kmodel").write_bytes(compiler.gencode_tobytes())


def _compile_options(options: dict[str, Any], dump: Path) -> Any:
    """What the compiler is told: of pictures ("picture", the shape of one in its layout) that bytes
    mean numbers of "input_range", or that the network is given its own float32 numbers.

    Identity normalisation: a mean or a deviation here would run on the CPU in float32.
    """
    import nncase

    chosen = nncase.CompileOptions()
    chosen.target = options["target"]
    chosen.dump_ir = True
    chosen.dump_dir = str(dump)
    if not options["picture"]:
        chosen.input_type = "float32"
        return chosen
    channels = options["picture"][options["layout"].index("C") - 1]
    chosen.preprocess = True
    chosen.input_type = "uint8"
    chosen.input_range = options["input_range"]
    chosen.mean = [0.0] * channels
    chosen.std = [1.0] * channels
    chosen.input_shape = [1, *options["picture"]]
    chosen.input_layout = options["layout"]
    chosen.output_layout = options["layout"]
    if hasattr(chosen, "model_layout"):  # 1.0 and 1.1 have none, and take a TFLite file for NHWC
        chosen.model_layout = "NHWC" if options["kind"] == "tflite" else "NCHW"
    return chosen


def run_folder(folder: Path) -> None:
    """Runs the kmodel in `folder` on its inputs, sample by sample."""
    import nncase

    simulator = nncase.Simulator()
    simulator.load_model((folder / "model.kmodel").read_bytes())
    with np.load(folder / "inputs.npz", allow_pickle=False) as file:
        inputs = [file[name] for name in file.files]
    found: list[list[Array]] = [[] for _ in range(simulator.outputs_size)]
    for sample in zip(*inputs, strict=True):
        for number, values in enumerate(sample):
            tensor = nncase.RuntimeTensor.from_numpy(np.ascontiguousarray(values[None]))
            simulator.set_input_tensor(number, tensor)
        simulator.run()
        for number, outputs in enumerate(found):
            outputs.append(simulator.get_output_tensor(number).to_numpy().copy())
    np.savez(folder / "outputs.npz", *[np.concatenate(one) for one in found])


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
