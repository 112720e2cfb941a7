"""A layer graph, run on pictures as fast as the processor goes.

Batch normalisation is folded into the convolutions before them (`fold`, plain NumPy), and
what is left is a short program of `keras.ops` (`run`), compiled once per network. A hook
sees, and may replace, what each layer writes: that is how activation ranges are measured
and how number formats are simulated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.errors import UnknownName, WeightsError
from dse.network import arrays
from dse.network.arrays import Predict, Weights, batch_norm_name
from dse.network.graph import CONVOLUTIONS, Graph, Layer
from dse.network.keras_model import BATCH_NORM_EPSILON
from dse.network.keras_startup import keras

__all__ = ["Folded", "Hook", "compiled", "fold", "normalised", "predictor", "run"]

Folded = dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]
"""Convolution -> (kernel, bias): (k, k, in, out) and (out,); depthwise (k, k, channels, 1)."""

Hook = Callable[[Layer, Any], Any]
"""Gets a layer and the tensor (n, h, w, c) it wrote; returns the tensor that readers see."""

BATCH_SIZE = 32


def fold(graph: Graph, weights: Weights) -> Folded:
    """Kernel and bias of every convolution, with its batch normalisation folded in.

    kernel' = kernel * g and bias' = (bias - mean) * g + beta, with
    g = gamma / sqrt(variance + epsilon), per output channel (Ioffe and Szegedy 2015).
    Raises WeightsError where one is missing.
    """
    folded: Folded = {}
    for layer in graph:
        if layer.op in CONVOLUTIONS:
            kernel: NDArray[Any] = _weight(weights, f"{layer.name}/kernel")
            channels = layer.shape[2]
            bias: NDArray[Any] = np.zeros(channels, np.float32)
            if layer.bias:
                bias = _weight(weights, f"{layer.name}/bias")
            if layer.batch_norm:
                gain, shift = _normalisation(weights, batch_norm_name(layer.name))
                bias = bias * gain + shift
                depthwise = layer.op == "depthwise"
                kernel = kernel * (gain[:, None] if depthwise else gain)
            folded[layer.name] = (kernel.astype(np.float32), bias.astype(np.float32))
    return folded


def run(graph: Graph, folded: Folded, pictures: Any, hook: Hook | None = None) -> Any:
    """The output map (n, h, w, channels) of normalised `pictures` (n, h, w, 3).

    `hook` is called on every layer's output in graph order, the input included.
    Raises UnknownName for an operation that has no meaning here.
    """
    tensors: dict[str, Any] = {}
    last_reader = {name: layer.name for layer in graph for name in layer.inputs}
    for layer in graph:
        if layer.op == "input":
            written = pictures
        else:
            read = [tensors[name] for name in layer.inputs]
            written = apply(layer, read, *folded.get(layer.name, ()))
        tensors[layer.name] = hook(layer, written) if hook else written
        for name in layer.inputs:
            if last_reader[name] == layer.name and name not in graph.outputs:
                tensors.pop(name, None)
    return tensors[graph.outputs[0]]


def apply(layer: Layer, read: list[Any], *kernel_and_bias: Any) -> Any:
    """What `layer` writes when it reads the tensors `read`."""
    if layer.op not in _OPERATIONS:
        raise UnknownName("operation", layer.op, _OPERATIONS)
    return _OPERATIONS[layer.op](layer, read, *kernel_and_bias)


def normalised(canvases: Any) -> Any:
    """`arrays.normalised`, as a tensor."""
    return arrays.normalised(keras.ops.cast(canvases, "float32"))


def predictor(graph: Graph, weights: Weights, batch_size: int = BATCH_SIZE) -> Predict:
    """The network in float32, compiled; runs `batch_size` pictures at a time."""
    folded = fold(graph, weights)

    def forward(canvases: Any) -> Any:
        return run(graph, folded, normalised(canvases))

    return compiled(forward, graph, batch_size)


def compiled(forward: Callable[[Any], Any], graph: Graph, batch_size: int = BATCH_SIZE) -> Predict:
    """`forward` (canvases -> maps, in `keras.ops`) as a function of arrays of any length."""
    step = _compile(forward, graph)

    def predict(canvases: NDArray[np.uint8]) -> NDArray[np.float32]:
        pieces = [
            np.asarray(step(canvases[start : start + batch_size]), np.float32)
            for start in range(0, len(canvases), batch_size)
        ]
        empty = np.zeros((0, *graph[graph.outputs[0]].shape), np.float32)
        return np.concatenate(pieces) if pieces else empty

    return predict


def _compile(forward: Callable[[Any], Any], graph: Graph) -> Callable[[Any], Any]:
    """On TensorFlow one graph for every batch length, on JAX one for each; elsewhere the
    operations themselves."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        signature = tf.TensorSpec((None, *graph.input.shape), tf.uint8)
        function = tf.function(forward, input_signature=[signature], autograph=False)
        return lambda canvases: function(canvases).numpy()
    if keras.backend.backend() == "jax":
        import jax

        forward = jax.jit(forward)
    return lambda canvases: keras.ops.convert_to_numpy(forward(canvases))


def _weight(weights: Weights, name: str) -> NDArray[np.float32]:
    if name not in weights:
        raise WeightsError(f"weight '{name}' is missing", "these weights are of another network")
    return weights[name]


def _normalisation(weights: Weights, name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Gain and shift (channels,) that the batch normalisation `name` comes down to."""
    gamma, beta, mean, variance = (
        _weight(weights, f"{name}/{part}")
        for part in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    gain = gamma / np.sqrt(variance + BATCH_NORM_EPSILON)
    return gain, beta - mean * gain


def _convolution(layer: Layer, read: list[Any], kernel: Any, bias: Any) -> Any:
    tensor, mode = read[0], "valid"
    top, bottom, left, right = layer.padding
    if layer.stride == 1 and layer.padding == (layer.kernel // 2,) * 4:
        mode = "same"
    elif any(layer.padding):
        tensor = keras.ops.pad(tensor, ((0, 0), (top, bottom), (left, right), (0, 0)))
    convolve = keras.ops.depthwise_conv if layer.op == "depthwise" else keras.ops.conv
    tensor = convolve(tensor, kernel, strides=layer.stride, padding=mode)
    return activate(layer, keras.ops.add(tensor, bias))


def activate(layer: Layer, tensor: Any) -> Any:
    """`layer`'s activation of `tensor`."""
    if layer.activation not in _ACTIVATIONS:
        raise UnknownName("activation", layer.activation, _ACTIVATIONS)
    return _ACTIVATIONS[layer.activation](tensor)


def _upsample(layer: Layer, read: list[Any]) -> Any:
    return keras.ops.image.resize(read[0], layer.shape[:2], interpolation="bilinear")


_ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "linear": lambda tensor: tensor,
    "relu": keras.ops.relu,
    "relu6": keras.ops.relu6,
    "sigmoid": keras.ops.sigmoid,
}

_OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": lambda layer, read: keras.ops.add(*read),
    "concat": lambda layer, read: keras.ops.concatenate(read, axis=-1),
    "conv": _convolution,
    "depthwise": _convolution,
    "upsample": _upsample,
}
