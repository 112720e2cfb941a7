"""A network as a float32 TensorFlow-Lite file, the way the kmodel compiler wants it.

Batch normalisation is folded. A stride-2 convolution becomes a symmetric pad and a 'valid'
convolution, which nncase joins into one KPU convolution; TensorFlow's own bottom-right
padding would run on the CPU in float32 and cost megabytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dse.network.graph import CONVOLUTIONS, Graph, Layer
from dse.network.tflite_layers import LayerWriter

if TYPE_CHECKING:
    from dse.network.keras_inference import Folded

__all__ = ["folded_to_tflite", "random_tflite", "to_tflite"]


def to_tflite(graph: Graph, weights: dict[str, NDArray[np.float32]]) -> bytes:
    """The file: input (1, h, w, 3) in [-1, 1], one output a name in `graph.outputs`.

    weights: by Keras name, see `dse.network.keras_model.Weights`.
    Raises CompilerError for a layer that has no TensorFlow-Lite form here, WeightsError where
    a weight is missing.
    """
    from dse.network.keras_inference import fold  # random weights need no Keras

    return folded_to_tflite(graph, fold(graph, weights))


def random_tflite(graph: Graph, seed: int) -> bytes:
    """The file with random weights: enough to compile, since no size depends on them.

    Kernels are normal with deviation sqrt(2 / fan-in) (He et al. 2015), so that no signal dies
    and no constant repeats; biases are normal, deviation 0.1. Raises CompilerError as above.
    """
    rng = np.random.default_rng(seed)
    folded: Folded = {}
    for layer in graph:
        if layer.op in CONVOLUTIONS:
            depthwise, channels = layer.op == "depthwise", layer.shape[2]
            fan_in = 1 if depthwise else graph.input_shapes(layer)[0][2]
            tail = (channels, 1) if depthwise else (fan_in, channels)
            deviation = np.sqrt(2 / (layer.kernel**2 * fan_in))
            kernel = rng.normal(0, deviation, (layer.kernel, layer.kernel, *tail))
            bias = rng.normal(0, 0.1, channels)
            folded[layer.name] = (kernel.astype(np.float32), bias.astype(np.float32))
    return folded_to_tflite(graph, folded)


def folded_to_tflite(graph: Graph, folded: Folded) -> bytes:
    """As `to_tflite`, from convolutions whose batch normalisation is already folded.

    folded: layer -> (kernel (k, k, in, out), or (k, k, channels, 1) of a depthwise; bias (out,)).
    """
    return _FloatWriter(graph, folded).to_bytes()


class _FloatWriter(LayerWriter):
    """Every tensor in float32."""

    def __init__(self, graph: Graph, folded: Folded) -> None:
        super().__init__(graph)
        self.folded = folded

    def variable(
        self, name: str, shape: tuple[int, ...], source: int | None = None, activation: str = ""
    ) -> int:
        """See `LayerWriter`."""
        return self.writer.variable(name, shape)

    def parameters(self, layer: Layer, source: int, out: int) -> tuple[int, int]:
        """See `LayerWriter`."""
        kernel, bias = self.folded[layer.name]
        return (
            self.writer.constant(f"{layer.name}/kernel", kernel.transpose((3, 0, 1, 2))),
            self.writer.constant(f"{layer.name}/bias", bias),
        )
