"""Time of each step of a program, from the target's measured constants.

The KPU takes a (input channel, output channel) pair of one 64-byte line per cycle, whatever
the filter, so a 1x1 convolution costs as much as a 3x3 one, until the map is so small that the
weights do not come fast enough. What the CPU does is priced by the element. The constants are
fitted by `dse.chips.k210.calibration.fit`; their sources stand in `constraints/k210.toml`.

A step's sides may be arrays, which give arrays of times: no formula branches on a side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dse.chips.k210.cost.choosing import chosen_cycles
from dse.chips.k210.cost.convolution_time import convolution_ms
from dse.chips.k210.cost.kpu_layout import ROW_BYTES
from dse.chips.k210.cost.older_loops import download_cycles, old_loops, upload_cycles
from dse.chips.k210.cost.program import KPU_CONVOLUTIONS, Program, Step
from dse.chips.k210.target import K210Target
from dse.chips.target import Cycles

__all__ = ["Duration", "program_time", "step_time", "total_time"]

FREE_OPS = ("input", "crop", "concat", "bitcast")
"""A view, or memory that others write into."""

COPIES = ("copy", "kpu_copy", "flatten", "flat_copy")

PER_ELEMENT = {
    "dequantize": "cpu_cycles_per_dequantized_element",
    "quantize": "cpu_cycles_per_quantized_element",
    "pad": "cpu_cycles_per_padded_element",
    "slice": "cpu_cycles_per_indexed_element",
    "lookup": "cpu_cycles_per_indexed_element",
    "arithmetic": "cpu_cycles_per_indexed_element",
    "transpose": "cpu_cycles_per_transposed_element",
    "upsample": "cpu_cycles_per_bilinear_element",
    "upsample_nearest": "cpu_cycles_per_nearest_element",
}
"""The target's constant for each number that an operation writes; others are plain loops."""


class Duration(NamedTuple):
    """Milliseconds: the estimate and the band that it is in."""

    ms: float
    low_ms: float
    high_ms: float


def program_time(program: Program, target: K210Target) -> Duration:
    """Time of all steps of `program`."""
    return total_time(program.each(lambda whole, step: step_time(whole, step, target)))


def total_time(times: Sequence[Duration]) -> Duration:
    """What takes `times` one after the other."""
    return Duration(
        sum(time.ms for time in times),
        sum(time.low_ms for time in times),
        sum(time.high_ms for time in times),
    )


def step_time(program: Program, step: Step, target: K210Target) -> Duration:
    """Time of one step of `program`."""
    if step.op in KPU_CONVOLUTIONS:
        return Duration(*convolution_ms(step, program.steps[step.inputs[0]].shape, target))
    if program.is_older:
        (low, likely, high), amount = _older_work(program, step, target)
    elif step.op in FREE_OPS:
        return Duration(0.0, 0.0, 0.0)
    else:
        (low, likely, high), amount = _cpu_work(program, step, target)
    ms_per_cycle = amount / target.cpu_clock_hz * 1e3
    return Duration(likely * ms_per_cycle, low * ms_per_cycle, high * ms_per_cycle)


def _cpu_work(program: Program, step: Step, target: K210Target) -> tuple[Cycles, int]:
    """Cycles of one unit of what the CPU does in a step, and how many units there are."""
    if step.op in ("upload", "download"):
        return _byte_cycles(step, target), step.elements
    if step.op in ("conv", "depthwise"):
        height, width, _ = step.shape
        return _mac_cycles(program, target), step.weights * height * width
    if step.op in ("maxpool", "avgpool"):
        return target.cpu_cycles_per_pooled_element, step.elements * step.kernel**2
    if step.op in ("mean", "mean_map"):
        return target.cpu_cycles_per_pooled_element, program.steps[step.inputs[0]].elements
    if step.op in COPIES:
        return target.cpu_cycles_per_copied_byte, step.size_bytes
    per_element: Cycles = getattr(target, PER_ELEMENT.get(step.op, "cpu_cycles_per_element"))
    return per_element, step.elements


def _byte_cycles(step: Step, target: K210Target) -> Cycles:
    """Cycles a byte of a transfer: rows that fill whole KPU rows go in one piece."""
    if step.op == "upload":
        whole, piecewise = target.cpu_cycles_per_dma_byte, target.cpu_cycles_per_uploaded_byte
    else:
        whole = target.cpu_cycles_per_downloaded_byte_aligned
        piecewise = target.cpu_cycles_per_downloaded_byte
    return chosen_cycles(step.shape[1] % ROW_BYTES == 0, whole, piecewise)


def _older_work(program: Program, step: Step, target: K210Target) -> tuple[Cycles, int]:
    """The same in the runtimes of versions 3 and 4, whose steps are fewer, and all of levels.

    A picture that the CPU changes first is copied; else its upload is its way in.
    """
    version, op, width = program.kmodel_version, step.op, step.shape[1]
    if op == "upload":
        picture = program.picture_is_uploaded and program.steps[step.inputs[0]].op == "input"
        return upload_cycles(version, target, width, picture=picture), step.elements
    if op == "download":
        return download_cycles(version, target, width), step.elements
    loops = old_loops(version, target)
    if op in FREE_OPS:
        copied = op == "input" and not program.picture_is_uploaded
        return loops["copy"], step.elements * copied
    return loops[op], step.elements


def _mac_cycles(program: Program, target: K210Target) -> Cycles:
    """A program with steps on the KPU is nncase's, whose float convolution is slow."""
    return target.cpu_cycles_per_mac_beside_kpu if program.uses_kpu else target.cpu_cycles_per_mac
