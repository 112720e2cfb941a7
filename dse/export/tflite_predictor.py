"""Runs a TensorFlow-Lite file, as TensorFlow itself understands it."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from dse.errors import VerificationFailed
from dse.network.keras_inference import Predict
from dse.quantization.box_scale import unscale_boxes

__all__ = ["tflite_predictor"]


def tflite_predictor(content: bytes, *, box_scale: float = 1.0) -> Predict:
    """The detector in a float32 file: canvases (n, size, size, 3) -> maps (n, h, w, channels).

    box_scale: maps are divided by it, as of `simulator.kmodel_predictor`. TensorFlow's
    interpreter trusts its input: check the file's checksum first.
    Raises VerificationFailed for a file that it refuses.
    """
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
    read = interpreter.get_input_details()[0]["index"]
    written = interpreter.get_output_details()[0]

    def predict(canvases: NDArray[np.uint8]) -> NDArray[np.float32]:
        maps = np.empty((len(canvases), *written["shape"][1:]), np.float32)
        for number, canvas in enumerate(canvases):
            interpreter.set_tensor(read, canvas[None].astype(np.float32) / 127.5 - 1.0)
            interpreter.invoke()
            maps[number] = interpreter.get_tensor(written["index"])[0]
        return unscale_boxes(maps, box_scale)

    return predict
