"""How a detection head starts: believing that nothing is there."""

from __future__ import annotations

import numpy as np

from dse.detection.head import FACE_HEAD, Head
from dse.network.keras_startup import keras

__all__ = ["start_heads"]

FACE_PRIOR = 0.01
"""Score that an untrained head gives every box (Lin et al., arXiv 1708.02002)."""

KERNEL_DEVIATION = 0.01


def start_heads(model: keras.Model, seed: int, head: Head = FACE_HEAD) -> None:
    """Small random kernels and low scores for every layer of `model` named "head..."."""
    rng = np.random.default_rng(seed)
    bias = head.starting_bias(np.log(FACE_PRIOR / (1 - FACE_PRIOR)))
    for layer in model.layers:
        if layer.name.startswith("head"):
            layer.kernel.assign(rng.normal(0, KERNEL_DEVIATION, layer.kernel.shape))
            layer.bias.assign(bias)
