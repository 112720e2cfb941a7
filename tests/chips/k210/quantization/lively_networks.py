"""Weights that keep activations alive, and pictures with structure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dse.network.arrays import Weights, batch_norm_name
from dse.network.graph import CONVOLUTIONS, Graph


def weights_for(graph: Graph, seed: int = 0) -> Weights:
    """He-initialised kernels; batch statistics away from 0 and 1."""
    rng = np.random.default_rng(seed)
    weights: Weights = {}
    for layer in graph:
        if layer.op not in CONVOLUTIONS:
            continue
        channels = layer.shape[2]
        depthwise = layer.op == "depthwise"
        inputs = 1 if depthwise else graph.input_shapes(layer)[0][2]
        last = (channels, 1) if depthwise else (inputs, channels)
        spread = np.sqrt(2 / (layer.kernel**2 * inputs))
        drawn = rng.normal(0, spread, (layer.kernel, layer.kernel, *last))
        weights[f"{layer.name}/kernel"] = drawn.astype(np.float32)
        if layer.bias:
            weights[f"{layer.name}/bias"] = rng.normal(0, 0.3, channels).astype(np.float32)
        if layer.batch_norm:
            for part in ("gamma", "moving_variance"):
                drawn = rng.uniform(0.5, 1.5, channels)
                weights[f"{batch_norm_name(layer.name)}/{part}"] = drawn.astype(np.float32)
            for part in ("beta", "moving_mean"):
                drawn = rng.normal(0, 0.3, channels)
                weights[f"{batch_norm_name(layer.name)}/{part}"] = drawn.astype(np.float32)
    return weights


def blobs(count: int, size: int) -> NDArray[np.uint8]:
    """(count, size, size, 3): smooth blobs with noise on top; size is a multiple of 8."""
    rng = np.random.default_rng(3)
    coarse = rng.integers(0, 256, (count, size // 8, size // 8, 3))
    coarse = coarse.repeat(8, axis=1).repeat(8, axis=2)
    return np.clip(coarse + rng.normal(0, 12, coarse.shape), 0, 255).astype(np.uint8)
