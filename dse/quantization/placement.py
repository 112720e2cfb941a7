"""Which layers the K210's accelerator computes; the CPU does the others in float32."""

from __future__ import annotations

from dse.network.graph import CONVOLUTIONS, Graph, Layer, Shape

__all__ = ["movable_stride", "on_kpu"]

MAX_CHANNELS = 1024
MIN_SIDE = 4
MAX_HEIGHT = 256
MAX_WIDTH = 512
"""nncase 1.9.0, modules/k210/include/nncase/transforms/k210/kpu_utils.h."""

FILTERS = (1, 3)


def on_kpu(graph: Graph, layer: Layer) -> bool:
    """Whether the accelerator computes `layer`: a convolution, or an addition made into one.

    An addition is compiled as a 1x1 convolution over both inputs side by side.
    """
    if layer.op == "add":
        height, width, channels = layer.shape
        return _fits((height, width, channels * len(layer.inputs)), channels)
    if layer.op not in CONVOLUTIONS or layer.kernel not in FILTERS:
        return False
    read = graph.input_shapes(layer)[0]
    source = graph[layer.inputs[0]]
    if movable_stride(graph, source):  # the stride happens behind this layer
        read = (*graph.input_shapes(source)[0][:2], read[2])
    return _fits(read, layer.shape[2])


def movable_stride(graph: Graph, layer: Layer) -> bool:
    """Whether `layer` is a strided depthwise convolution that is computed at full size.

    The accelerator cannot stride those: the compiler drops the rows and columns behind the
    1x1 convolution that follows (strided_slice_motion.cpp).
    """
    if layer.op != "depthwise" or layer.stride != 2:
        return False
    readers = graph.consumers[layer.name]
    if len(readers) != 1:
        return False
    reader = graph[readers[0]]
    return reader.op == "conv" and reader.kernel == 1 and reader.stride == 1


def _fits(read: Shape, channels_written: int) -> bool:
    height, width, channels = read
    return (
        max(channels, channels_written) <= MAX_CHANNELS
        and MIN_SIDE <= height <= MAX_HEIGHT
        and MIN_SIDE <= width <= MAX_WIDTH
    )
