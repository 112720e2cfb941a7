"""What is certain of a network although some of its operations have no rule.

A convolution of the KPU has its whole input and its whole result in the KPU's memory at once,
whatever stands around it. Only a pool behind it makes that less, so a pool is taken for granted.
"""

from __future__ import annotations

from dse.chips.k210.cost.kpu_layout import kpu_bytes
from dse.chips.k210.cost.kpu_rules import is_supported_convolution
from dse.network.graph import CONVOLUTIONS, Graph, Layer

__all__ = ["certain_kpu_bytes"]

LARGEST_POOL = 4
"""Side of the largest window that the KPU pools while it writes."""


def certain_kpu_bytes(graph: Graph) -> tuple[int, str]:
    """The most that a layer alone needs of KPU memory, and which; zero where none is certain."""
    found = [(_least_bytes(graph, layer), layer.name) for layer in graph]
    return max(found, key=lambda pair: pair[0], default=(0, ""))


def _least_bytes(graph: Graph, layer: Layer) -> int:
    if layer.op not in CONVOLUTIONS:
        return 0
    source, channels = graph.input_shapes(layer)[0], layer.shape[2]
    if not is_supported_convolution(source, channels, layer.kernel, layer.padding):
        return 0
    if layer.op == "depthwise":
        return 2 * kpu_bytes(source)  # (it is computed at full size, and not pooled)
    height, width, _ = layer.shape
    pooled = (-(-height // LARGEST_POOL), -(-width // LARGEST_POOL), channels)
    return kpu_bytes(source) + kpu_bytes(pooled)
