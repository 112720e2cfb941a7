"""Time of each step of a program, from the target's measured constants.

The KPU takes a (input channel, output channel) pair of one 64-byte line per cycle, whatever
the filter, so a 1x1 convolution costs as much as a 3x3 one; the fit and its sources stand
in `constraints/k210.toml`.
"""

from __future__ import annotations

from dataclasses import dataclass

from dse.cost.kpu_layout import ROW_BYTES, row_layout
from dse.cost.program import KPU_CONVOLUTIONS, Program, Step
from dse.cost.target import Target

__all__ = ["Duration", "step_time"]

FREE_OPS = ("input", "crop", "concat")
"""A view, or memory that others write into."""

NS_PER_MS = 1e6


@dataclass(frozen=True)
class Duration:
    """Milliseconds: the estimate and the band that it is in."""

    ms: float
    low_ms: float
    high_ms: float


def step_time(program: Program, step: Step, target: Target) -> Duration:
    """Time of one step of `program`."""
    if step.op in KPU_CONVOLUTIONS:
        source = program.steps[step.inputs[0]]
        cycles = _convolution_cycles(step, source, target)
        ms = cycles / target.kpu_clock_hz * 1e3
        return Duration(ms, ms * target.kpu_time_factor_low, ms * target.kpu_time_factor_high)
    ms = _cpu_ns(program, step, target) / NS_PER_MS
    return Duration(ms, ms * target.cpu_time_factor_low, ms * target.cpu_time_factor_high)


def _convolution_cycles(step: Step, source: Step, target: Target) -> float:
    """Cycles of a KPU convolution, which runs at the resolution of what it reads."""
    height, width, channels = source.shape
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


def _cpu_ns(program: Program, step: Step, target: Target) -> float:
    """Nanoseconds of a step that the CPU does."""
    if step.op in FREE_OPS:
        return 0.0
    if step.op in ("upload", "download"):
        return _byte_ns(step, target) * step.elements
    if step.op in ("conv", "depthwise"):
        height, width, _ = step.shape
        return target.cpu_ns_per_mac * step.weights * height * width
    if step.op in ("maxpool", "avgpool"):
        return target.cpu_ns_per_mac * step.elements * step.kernel**2
    per_element = {
        "dequantize": target.cpu_ns_per_dequantized_element,
        "quantize": target.cpu_ns_per_quantized_element,
        "pad": target.cpu_ns_per_padded_element,
        "slice": target.cpu_ns_per_padded_element,
        "transpose": target.cpu_ns_per_transposed_element,
        "upsample": target.cpu_ns_per_resized_element,
        "upsample_nearest": target.cpu_ns_per_copied_element,
    }
    return per_element.get(step.op, target.cpu_ns_per_copied_element) * step.elements


def _byte_ns(step: Step, target: Target) -> float:
    """Nanoseconds a byte of a transfer: rows that fill whole KPU rows go in one piece."""
    if step.shape[1] % ROW_BYTES == 0:
        if step.op == "upload":
            return target.cpu_ns_per_uploaded_byte_aligned
        return target.cpu_ns_per_downloaded_byte_aligned
    if step.op == "upload":
        return target.cpu_ns_per_uploaded_byte
    return target.cpu_ns_per_downloaded_byte
