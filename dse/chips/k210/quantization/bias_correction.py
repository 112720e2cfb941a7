"""Biases that take back what rounded weights add to a channel on average.

Rounding a kernel changes each weight for good, so where inputs have a mean (behind ReLU6 they
do) a channel is off by a constant, which the bias can undo at no cost on the chip: empirical
bias correction (Nagel et al. 2019, arXiv 1906.04721, section 4.2). Layer by layer from the
front, on the inputs that the quantized network really sees.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.chips.k210.quantization.box_scale import unscale_boxes
from dse.chips.k210.quantization.kpu8 import as_deployed
from dse.detection.head import FACE_HEAD, Head
from dse.network.arrays import Weights, batch_norm_name
from dse.network.graph import CONVOLUTIONS, Graph, Layer
from dse.network.keras_inference import activate, apply, fold, normalised
from dse.network.keras_startup import keras

__all__ = ["corrected_biases"]

PICTURES = 32
"""All are in memory at once; a mean over more of them is the same."""

LIMITS = {"relu": (0.0, np.inf), "relu6": (0.0, 6.0)}
"""Between them an error gets through an activation."""


def corrected_biases(
    graph: Graph, weights: Weights, calibration: NDArray[np.uint8], head: Head = FACE_HEAD
) -> Weights:
    """`weights` for the chip: their quantized network is nearer to the float one of `weights`.

    calibration: canvases (n, h, w, 3) of training pictures; 32 of them, spread evenly,
    are looked at. Raises as `kpu8.as_deployed`.
    """
    scaled, chip, box_scale = as_deployed(graph, weights, calibration, head)
    canvases = calibration[:: max(1, len(calibration) // PICTURES)][:PICTURES]
    folded = fold(graph, scaled)
    corrected = dict(weights)
    last_reader = {name: layer.name for layer in graph for name in layer.inputs}
    exact: dict[str, Any] = {graph.input.name: normalised(canvases)}
    quantized: dict[str, Any] = {graph.input.name: chip.picture(canvases)}
    for layer in graph:
        if layer.op == "input":
            continue
        plain = dataclasses.replace(layer, activation="linear")
        meant = apply(plain, [exact[name] for name in layer.inputs], *folded.get(layer.name, ()))
        found = chip.computed(plain, [quantized[name] for name in layer.inputs])
        name = _bias_name(layer)
        if layer.name in chip.layers and name in weights:
            shift = _mean_error(layer, np.asarray(meant), np.asarray(found))
            found = keras.ops.subtract(found, shift)
            if layer.name in graph.outputs:
                shift = unscale_boxes(shift, box_scale, head)
            corrected[name] = weights[name] - shift
        exact[layer.name] = activate(layer, meant)
        quantized[layer.name] = chip.rounded(layer, activate(layer, found))
        for read in layer.inputs:
            if last_reader[read] == layer.name:
                exact.pop(read, None)
                quantized.pop(read, None)
    return corrected


def _bias_name(layer: Layer) -> str:
    """The weight that shifts a convolution's channels; no weight's name for other layers."""
    if layer.op in CONVOLUTIONS and layer.batch_norm:
        return f"{batch_norm_name(layer.name)}/beta"
    return f"{layer.name}/bias"


def _mean_error(
    layer: Layer, meant: NDArray[np.float32], found: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Per channel (c,), over pixels that the activation does not cut off in both networks."""
    low, high = LIMITS.get(layer.activation, (-np.inf, np.inf))
    counts = ((meant > low) & (meant < high)) | ((found > low) & (found < high))
    errors = np.where(counts, found - meant, 0).sum(axis=(0, 1, 2), dtype=np.float64)
    means: NDArray[np.float32] = errors / np.maximum(counts.sum(axis=(0, 1, 2)), 1)
    return means.astype(np.float32)
