"""Runs a TensorFlow-Lite file, as TensorFlow itself understands it.

`python -m dse.export.tflite_predictor FILE` is the process of `guarded_tflite_predictor`: it
answers pictures as `nncase_process` does.
"""

from __future__ import annotations

import os
import sys
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.errors import VerificationFailed
from dse.export import child
from dse.export.nncase_process import Loaded, answer_pictures
from dse.export.picture_processes import PictureProcesses, Runner
from dse.network.keras_inference import Predict
from dse.quantization.box_scale import unscale_boxes

__all__ = ["guarded_tflite_predictor", "tflite_predictor"]


def tflite_predictor(content: bytes, *, box_scale: float = 1.0) -> Predict:
    """The detector in a float32 file: canvases (n, size, size, 3) -> maps (n, h, w, channels).

    box_scale: maps are divided by it, as of `simulator.kmodel_predictor`. TensorFlow's
    interpreter trusts its input: a damaged file can end this process.
    Raises VerificationFailed for a file that it refuses.
    """
    interpreter = _interpreter(content)
    shape = interpreter.get_output_details()[0]["shape"][1:]

    def predict(canvases: NDArray[np.uint8]) -> NDArray[np.float32]:
        maps = np.empty((len(canvases), *shape), np.float32)
        for number, canvas in enumerate(canvases):
            maps[number] = _invoke(interpreter, canvas[None])[0]
        return unscale_boxes(maps, box_scale)

    return predict


def guarded_tflite_predictor(
    content: bytes,
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
    workers: int | None = None,
    *,
    box_scale: float = 1.0,
    time_limit_s: float = 60.0,
) -> PictureProcesses:
    """The same in processes of its own, which a damaged file may kill.

    shapes: planar, of the input and the output that the file must have. The rest is as of
    `simulator.kmodel_predictor`. Raises VerificationFailed, when called, for a file that
    cannot be run.
    """
    command = partial(child.command, "dse.export.tflite_predictor")
    runner = Runner("interpreter", "TensorFlow-Lite file", lambda path: command(str(path)), shapes)
    return PictureProcesses(content, runner, workers or os.cpu_count() or 1, box_scale, time_limit_s)


def _interpreter(content: bytes) -> Any:
    from dse.network.keras_startup import silent_stderr

    with silent_stderr():
        import tensorflow as tf

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its move to another package
        # no delegate: the default one announces itself on stderr
        resolver = tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        try:
            interpreter = tf.lite.Interpreter(
                model_content=content, num_threads=1, experimental_op_resolver_type=resolver
            )
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise VerificationFailed(
                f"TensorFlow refuses the TensorFlow-Lite file: {error}", "export it again"
            ) from None
    return interpreter


def _invoke(interpreter: Any, canvas: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The map (1, h, w, channels) of one canvas (1, size, size, 3)."""
    pixels = canvas.astype(np.float32) / 127.5 - 1.0
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels)
    interpreter.invoke()
    found: NDArray[np.float32] = interpreter.get_tensor(
        interpreter.get_output_details()[0]["index"]
    )
    return found


def _load(content: bytes) -> Loaded:
    """For `answer_pictures`, whose tensors are planar."""
    interpreter = _interpreter(content)
    (read,), (written,) = interpreter.get_input_details(), interpreter.get_output_details()
    if (read["dtype"], written["dtype"]) != (np.float32, np.float32):
        raise VerificationFailed(f"it computes in {read['dtype'].__name__}, not in float32")

    def planar(shape: NDArray[np.int32]) -> list[int]:
        batch, height, width, channels = (int(side) for side in shape)
        return [batch, channels, height, width]

    def run(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        return _invoke(interpreter, picture.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)

    return {"input": planar(read["shape"]), "output": planar(written["shape"])}, run


if __name__ == "__main__":
    answer_pictures(Path(sys.argv[1]), _load)
