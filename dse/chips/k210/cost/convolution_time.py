"""Time of the KPU's own work: one convolution, from the target's measured constants.

Sides may be arrays, which give arrays of times: no formula branches on a side.
"""

from __future__ import annotations

from dse.chips.k210.cost.choosing import chosen
from dse.chips.k210.cost.kpu_layout import row_layout
from dse.chips.k210.cost.program import Step
from dse.chips.k210.target import K210Target
from dse.network.graph import Shape

__all__ = ["convolution_ms"]


def convolution_ms(step: Step, source: Shape, target: K210Target) -> tuple[float, float, float]:
    """Likely, least and most milliseconds of a convolution that reads a map of shape `source`."""
    seconds = _cycles(step, source, target) / target.kpu_clock_hz
    weights_seconds = step.weights * target.cpu_cycles_per_dma_byte[1] / target.cpu_clock_hz
    ms = chosen(seconds > weights_seconds, seconds, weights_seconds) * 1e3
    return ms, ms * target.kpu_time_factor_low, ms * target.kpu_time_factor_high


def _cycles(step: Step, source: Shape, target: K210Target) -> float:
    """Cycles of a KPU convolution, which runs at the resolution of what it reads."""
    height, width, channels = source
    layout = row_layout(width)
    rows = layout.row_length / layout.groups
    lines = height * rows
    if step.op == "kpu_depthwise":
        return (
            target.kpu_cycles_per_depthwise_line * channels * lines
            + target.kpu_cycles_per_depthwise_channel * channels
            + target.kpu_cycles_per_depthwise
        )
    pairs = channels * step.shape[2]
    return (
        target.kpu_cycles_per_pair_line * pairs * lines
        + target.kpu_cycles_per_pair_row * pairs * rows
        + target.kpu_cycles_per_output_line * step.shape[2] * lines
        + target.kpu_cycles_per_weight_byte * step.weights
        + target.kpu_cycles_per_convolution
    )
