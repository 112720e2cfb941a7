"""Runs a TensorFlow-Lite file, as TensorFlow itself understands it.

`python -m dse.chips.k210.compiler.tflite_predictor FILE` is the process of
`guarded_tflite_predictor`: it answers pictures as `nncase_process` does.
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse import processes
from dse.chips.k210.compiler.nncase_process import Loaded, answer_pictures
from dse.chips.k210.compiler.picture_processes import PictureProcesses, Runner
from dse.chips.k210.quantization.box_scale import unscale_boxes
from dse.detection.head import FACE_HEAD, Head
from dse.errors import VerificationFailed
from dse.network.arrays import normalised
from dse.terminal import silent_stderr

__all__ = [
    "TflitePredictor",
    "guarded_tflite_predictor",
    "interpreter_of",
    "start_without_keras",
    "tflite_predictor",
]

WORTH_A_PROCESS = 500
"""Pictures. TensorFlow starts in as long as it runs about 800 of 224 pixels (P5-a1-224)."""


def tflite_predictor(
    content: bytes, *, box_scale: float = 1.0, head: Head = FACE_HEAD
) -> TflitePredictor:
    """The detector in a float32 file: canvases (n, h, w, 3) -> maps (n, h, w, channels).

    box_scale, head: maps are divided by it, as of `simulator.kmodel_predictor`. TensorFlow's
    interpreter trusts its input: a damaged file can end this process.
    Raises VerificationFailed for a file that it refuses, or that is not of float32.
    """
    return TflitePredictor(interpreter_of(content), box_scale, head)


class TflitePredictor:
    """A `Predict`, one picture at a time.

    input_shape, output_shape: of the file's first tensors, as (1, h, w, channels).
    """

    def __init__(self, interpreter: Any, box_scale: float, head: Head) -> None:
        self._interpreter, self._scale, self._head = interpreter, box_scale, head
        read, written = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
        for tensor in (read, written):
            if tensor["dtype"] != np.float32:
                kind = np.dtype(tensor["dtype"]).name
                raise VerificationFailed(
                    f"tensor '{tensor['name']}' of the TensorFlow-Lite file is {kind}, not float32",
                    "export it without quantization",
                )
        self._read, self._written = read["index"], written["index"]
        self.input_shape = tuple(int(side) for side in read["shape"])
        self.output_shape = tuple(int(side) for side in written["shape"])

    def __call__(self, canvases: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Maps (n, h, w, channels) of `canvases` (n, h, w, 3), in order."""
        maps = np.empty((len(canvases), *self.output_shape[1:]), np.float32)
        for number, canvas in enumerate(canvases):
            self._interpreter.set_tensor(self._read, normalised(canvas[None]))
            self._interpreter.invoke()
            maps[number] = self._interpreter.get_tensor(self._written)[0]
        return unscale_boxes(maps, self._scale, self._head)


def guarded_tflite_predictor(
    content: bytes,
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
    workers: int | None = None,
    *,
    box_scale: float = 1.0,
    head: Head = FACE_HEAD,
    time_limit_s: float = 60.0,
) -> PictureProcesses:
    """The same in processes of its own, which a damaged file may kill.

    shapes: planar, of the input and the output that the file must have. The rest is as of
    `simulator.kmodel_predictor`. Raises VerificationFailed, when called, for a file that
    cannot be run.
    """

    def command(path: Path) -> list[str]:
        return processes.module_command("dse.chips.k210.compiler.tflite_predictor", str(path))

    runner = Runner("interpreter", "TensorFlow-Lite file", command, shapes, WORTH_A_PROCESS)
    return PictureProcesses(content, runner, workers, box_scale, time_limit_s, head)


def interpreter_of(content: bytes, *, every_map: bool = False) -> Any:
    """TensorFlow's interpreter of a file, ready to run. every_map: keep those between layers, too.

    Raises VerificationFailed for a file that it refuses.
    """
    with silent_stderr():
        import tensorflow as tf

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its move to another package
        # no delegate: the default one announces itself on stderr
        resolver = tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        try:
            interpreter = tf.lite.Interpreter(
                model_content=content,
                num_threads=1,
                experimental_op_resolver_type=resolver,
                experimental_preserve_all_tensors=every_map,
            )
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise VerificationFailed(
                f"TensorFlow refuses the TensorFlow-Lite file: {error}", "export it again"
            ) from None
    return interpreter


def start_without_keras() -> None:
    """For a process that runs files and nothing else: TensorFlow, which imports Keras with all that
    Keras imports, then starts in 60 % of the time. Before TensorFlow is imported."""
    os.environ["TF_USE_LEGACY_KERAS"] = "1"  # a package of its own, which is not there


def _load(content: bytes) -> Loaded:
    """For `answer_pictures`, whose tensors are planar."""
    predict = tflite_predictor(content)

    def planar(shape: tuple[int, ...]) -> list[int]:
        batch, height, width, channels = shape
        return [batch, channels, height, width]

    def run(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        return predict(picture.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)

    return {"input": planar(predict.input_shape), "output": planar(predict.output_shape)}, run


if __name__ == "__main__":
    start_without_keras()
    answer_pictures(Path(sys.argv[1]), _load)
