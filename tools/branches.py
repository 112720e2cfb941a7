"""Plain convolutions trained as several branches each, and folded into one afterwards.

RepVGG (Ding et al., arXiv 2101.03697): while it learns, a 3 x 3 convolution is the sum of a
3 x 3, a 1 x 1 and, where the shapes allow it, the identity, each with its own batch
normalisation. All three are linear, so that the sum is one convolution for the chip.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.network.arrays import Weights
from dse.network.graph import Graph, Layer
from dse.network.keras_model import BATCH_NORM_EPSILON
from dse.network.keras_startup import keras

__all__ = ["branched", "merged"]

kl = keras.layers

BATCH_NORM_MOMENTUM = 0.97


def branched(graph: Graph) -> keras.Model:
    """The chain `graph` with every 3 x 3 convolution as branches: (n, h, w, 3) -> output map.

    Layers "<name>_3x3" and "<name>_1x1" hold the kernels, "<name>_..._norm" the normalisations.
    """
    tensor = picture = keras.Input(graph.input.shape)
    for layer in graph.layers[1:]:
        if layer.kernel == 1:
            tensor = kl.Conv2D(layer.shape[2], 1, name=layer.name)(tensor)
        else:
            branches = kl.Add(name=f"{layer.name}_sum")(_branches(layer, tensor))
            tensor = kl.ReLU(6.0, name=f"{layer.name}_relu")(branches)
    return keras.Model(picture, tensor)


def merged(graph: Graph, weights: Weights) -> Weights:
    """Kernel and bias of each layer of `graph` from the `weights` of its `branched` model."""
    found: Weights = {}
    for layer in graph.layers[1:]:
        kernel, bias = f"{layer.name}/kernel", f"{layer.name}/bias"
        if layer.kernel == 1:
            found |= {kernel: weights[kernel], bias: weights[bias]}
            continue
        folded = [
            _folded(weights, f"{layer.name}_{branch}", wide)
            for branch, wide in (("3x3", _same), ("1x1", _centred), ("identity", _diagonal))
            if f"{layer.name}_{branch}_norm/gamma" in weights
        ]
        kernels, biases = zip(*folded, strict=True)
        found |= {kernel: np.sum(kernels, axis=0), bias: np.sum(biases, axis=0)}
    return found


def _branches(layer: Layer, tensor: Any) -> list[Any]:
    """What `layer`'s branches write. A 1 x 1 pool skips for the second branch: oneDNN's strided
    1 x 1 convolution crashed under TensorFlow 2.20."""

    def norm(branch: str, written: Any) -> Any:
        return kl.BatchNormalization(
            epsilon=BATCH_NORM_EPSILON,
            momentum=BATCH_NORM_MOMENTUM,
            name=f"{layer.name}_{branch}_norm",
        )(written)

    padded = kl.ZeroPadding2D(1, name=f"{layer.name}_pad")(tensor)
    skipped = tensor
    if layer.stride > 1:
        skipped = kl.MaxPooling2D(1, layer.stride, name=f"{layer.name}_skip")(tensor)
    wide = kl.Conv2D(
        layer.shape[2], 3, layer.stride, use_bias=False, name=f"{layer.name}_3x3"
    )(padded)  # fmt: skip
    narrow = kl.Conv2D(layer.shape[2], 1, use_bias=False, name=f"{layer.name}_1x1")(skipped)
    branches = [norm("3x3", wide), norm("1x1", narrow)]
    if layer.stride == 1 and tensor.shape[-1] == layer.shape[2]:
        branches.append(norm("identity", tensor))
    return branches


def _folded(
    weights: Weights, branch: str, wide: Any
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The 3 x 3 kernel and bias that `branch` with its normalisation comes down to."""
    gamma, beta, mean, variance = (
        weights[f"{branch}_norm/{part}"]
        for part in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    gain = gamma / np.sqrt(variance + BATCH_NORM_EPSILON)
    kernel = wide(weights.get(f"{branch}/kernel"), len(gain)) * gain
    return kernel.astype(np.float32), (beta - mean * gain).astype(np.float32)


def _same(kernel: NDArray[np.float32], _: int) -> NDArray[np.float32]:
    return kernel


def _centred(kernel: NDArray[np.float32], _: int) -> NDArray[np.float32]:
    return np.pad(kernel, ((1, 1), (1, 1), (0, 0), (0, 0)))


def _diagonal(_: None, channels: int) -> NDArray[np.float32]:
    return _centred(np.eye(channels, dtype=np.float32)[None, None], channels)
