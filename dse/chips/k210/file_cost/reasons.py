"""Why a layer of the accelerator is dearer than it looks, in words."""

from __future__ import annotations

from dse.chips.k210.file_cost.operation import DROPPING
from dse.chips.k210.kmodel.kpu_layer import POOL_STEPS, Convolution

__all__ = ["kpu_reason"]

SMALLEST = (4, 4)
"""The least map of the KPU: what is smaller was padded to it."""


def kpu_reason(layer: Convolution) -> str:
    """Empty where there is nothing to say."""
    if layer.pool in DROPPING:
        side = POOL_STEPS[layer.pool]
        return f"stride {side} is computed at full resolution"
    if POOL_STEPS[layer.pool] > 1:
        return "pools while it writes"
    if layer.read.shape[1:] == SMALLEST and layer.kernel == 1:
        return "a map of 4x4, the KPU's least"
    return ""
