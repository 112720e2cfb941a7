"""What TensorFlow-Lite's operators and activations are called in a layer graph."""

from __future__ import annotations

import tflite

__all__ = ["ACTIVATIONS", "ACTIVATION_OPS", "CLAMPS", "OP_NAMES", "RESIZES"]

ACTIVATIONS = {
    tflite.ActivationFunctionType.NONE: "linear",
    tflite.ActivationFunctionType.RELU: "relu",
    tflite.ActivationFunctionType.RELU_N1_TO_1: "relu1",
    tflite.ActivationFunctionType.RELU6: "relu6",
    tflite.ActivationFunctionType.TANH: "tanh",
}
ACTIVATION_OPS = {"RELU": "relu", "RELU6": "relu6", "LOGISTIC": "sigmoid", "LEAKY_RELU": "leaky"}
CLAMPS = ("relu", "relu6")
RESIZES = {"RESIZE_BILINEAR": "upsample", "RESIZE_NEAREST_NEIGHBOR": "upsample_nearest"}
OP_NAMES = {
    code: name for name, code in vars(tflite.BuiltinOperator).items() if isinstance(code, int)
}
