"""A network as a number format computes it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dse.chips.k210.quantization.bias_correction import corrected_biases
from dse.chips.k210.quantization.box_scale import unscale_boxes
from dse.chips.k210.quantization.kpu8 import as_deployed
from dse.detection.head import FACE_HEAD, Head
from dse.network.arrays import Predict, Weights
from dse.network.graph import Graph
from dse.network.keras_inference import compiled
from dse.network.keras_inference import predictor as float_predictor
from dse.network.weight_formats import quantize_weights

__all__ = ["predictor"]


def predictor(
    graph: Graph,
    weights: Weights,
    format: str,
    calibration: NDArray[np.uint8],
    head: Head = FACE_HEAD,
) -> Predict:
    """The network of `weights` as `format` computes it (one of `dse.space.FORMATS`).

    calibration: canvases (n, h, w, 3) that "kpu8" measures its ranges on; other
    formats do not look at it. Raises UnknownName for a format that does not exist.
    """
    if format == "kpu8":
        return _as_deployed(graph, weights, calibration, head)
    return float_predictor(graph, quantize_weights(weights, format))


def _as_deployed(
    graph: Graph, weights: Weights, calibration: NDArray[np.uint8], head: Head
) -> Predict:
    """kpu8 with biases corrected and boxes scaled, as the exporter does."""
    corrected = corrected_biases(graph, weights, calibration, head)
    deployed = as_deployed(graph, corrected, calibration, head)
    on_chip = compiled(deployed.chip.forward, graph)
    return lambda canvases: unscale_boxes(on_chip(canvases), deployed.box_scale, head)
