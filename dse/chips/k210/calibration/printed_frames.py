"""Which steps of a network the operations are that a runtime printed while it ran once.

Runtimes 0.1 and 0.2 print every operation, 1.9 sums of equal ones. Names are those of nncase
v0.2.0-beta4, `runtime_op.def`, of the standalone SDK's `kpu.c`, and of nncase v1.9.0,
`op_reader.cpp`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dse.chips.k210.calibration.board_run import BoardRun
from dse.chips.k210.calibration.measurement import NetworkTime
from dse.chips.k210.cost.program import KPU_CONVOLUTIONS, Program
from dse.errors import InvalidFile

__all__ = ["Operation", "frame_times"]

CONVOLUTION = {"0.1": "K210Conv", "0.2": "KPUConv2D"}
"""What the older runtimes call a convolution of the KPU, depthwise or not."""

PROFILED = {
    "tensor_call": (*KPU_CONVOLUTIONS, "upload", "download", "kpu_copy"),
    "tensor_binary": ("add", "arithmetic"),
    "tensor_conv2d": ("conv", "depthwise"),
    "tensor_copy": ("copy", "flatten", "flat_copy"),
    "tensor_dequantize": ("dequantize",),
    "tensor_lut1d": ("lookup",),
    "tensor_pad": ("pad",),
    "tensor_quantize": ("quantize",),
    "tensor_reduce": ("mean", "mean_map"),
    "tensor_reduce_window2d": ("maxpool", "avgpool"),
    "tensor_resize_image": ("upsample", "upsample_nearest"),
    "tensor_slice": ("slice",),
    "tensor_softmax": ("softmax",),
    "tensor_transpose": ("transpose",),
    "tensor_unary": ("unary",),
}
"""Steps behind each name in the table of runtime 1.9; `tensor_call` is a whole call of the KPU."""

PROFILE_CLOCK_HZ = 1.6e9
"""What 1.9 divides counted cycles by on any RISC-V chip (`op_profile.h`): the K230's clock."""

Steps = tuple[int, ...]


class Operation(NamedTuple):
    """One printed operation. name: as the runtime has it, or "upload" for the picture's."""

    line: int
    runtime: str
    name: str
    ms: float


def frame_times(run: BoardRun, frame: Sequence[Operation]) -> list[NetworkTime]:
    """The times of what ran once and has steps that the rules know.

    frame: operations of one runtime, in order. Raises InvalidFile where the number of
    convolutions is not the network's.
    """
    if not frame:
        return []
    line, runtime = frame[0].line, frame[0].runtime
    run = run.changed({"runtime": runtime}, line)
    program = run.program(line)
    if runtime == "1.9":
        found = [_of_kind(program, operation.name) for operation in frame]
        scale = PROFILE_CLOCK_HZ / run.cpu_clock_hz
    else:
        found, scale = _in_order(run, program, frame), 1.0
    times = []
    for operation, steps in zip(frame, found, strict=True):
        if steps and operation.ms:  # none: below what the clock resolves
            part = operation.name if runtime == "1.9" else _part(program, steps)
            times.append(run.part(part, steps, operation.ms * scale, operation.line))
    return times


def _of_kind(program: Program, name: str) -> Steps:
    ops = PROFILED.get(name, ())
    return tuple(index for index, step in enumerate(program.steps) if step.op in ops)


def _part(program: Program, steps: Steps) -> str:
    ops = "+".join(program.steps[index].op for index in steps)
    return f"{program.steps[steps[0]].layer} {ops}"


def _in_order(run: BoardRun, program: Program, frame: Sequence[Operation]) -> list[Steps]:
    """The steps of each operation; none for what 1.9, whose program this is, does otherwise."""
    runtime = frame[0].runtime
    queues = {
        CONVOLUTION[runtime]: _convolutions(program, runtime),
        "Dequantize": _results(program) if runtime == "0.2" else [],
        "upload": [tuple(i for i, step in enumerate(program.steps) if step.op == "upload")[:1]],
    }
    for name, queue in queues.items():
        printed = sum(operation.name == name for operation in frame)
        if name in CONVOLUTION.values() and printed != len(queue):
            why = (
                f"{printed} times {name} up to line {frame[-1].line}, "
                f"but {run.network} has {len(queue)} convolutions"
            )
            hint = "name the network that ran; delete a picture that is not whole"
            raise InvalidFile(run.path, why, frame[0].line, hint)
        if printed != len(queue):
            queue[:] = [()] * printed
    waiting = {name: iter(queue) for name, queue in queues.items()}
    return [next(waiting[one.name]) if one.name in waiting else () for one in frame]


def _convolutions(program: Program, runtime: str) -> list[Steps]:
    """The KPU's, each with what it writes to main memory: 0.2 prints both as one time.

    Additions, which 1.9 alone gives to the KPU, are left out. 0.1 writes by DMA, which no rule
    covers: such a convolution has no steps.
    """
    additions = {step.layer for step in program.steps if step.op == "concat"}
    found = []
    for index, step in enumerate(program.steps):
        if step.op in KPU_CONVOLUTIONS and step.layer not in additions:
            reads = program.readers[index]
            downloads = tuple(i for i in reads if program.steps[i].op == "download")
            found.append(() if downloads and runtime == "0.1" else (index, *downloads))
    return found


def _results(program: Program) -> list[Steps]:
    """The conversions of the network's results to float32: the only ones that 0.2 has."""
    return [(i,) for i in program.outputs if program.steps[i].op == "dequantize"]
