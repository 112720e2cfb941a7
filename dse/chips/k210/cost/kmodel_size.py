"""Bytes of the kmodel file that is written for a program: of version 5, nncase 1.9's own.

Source: nncase v1.9.0, include/nncase/runtime/model.h (headers), src/codegen/module_builder.cpp
(sections), src/codegen/stackvm/ops/*.cpp and modules/k210/src/codegen/ops/*.cpp (bodies). A
file is a header and one module for the CPU, one for the KPU; a module is a header, its
functions, its constants (`.rdata`) and its instructions (`.text`).
"""

from __future__ import annotations

from dse.chips.k210.cost.older_size import older_kmodel_bytes
from dse.chips.k210.cost.program import CPU_CONVOLUTIONS, KPU_CONVOLUTIONS, Program, Step

__all__ = ["constant_bytes", "kmodel_bytes"]

MODEL_HEADER_BYTES = 32
MODULE_HEADER_BYTES = 48
MEMORY_POOL_BYTES = 8
FUNCTION_HEADER_BYTES = 32
MAP_RANK = 4
TENSOR_RANGE_BYTES = 12 + 4
"""A function's argument: its memory range, then its rank, then its dimensions."""

DIMENSION_BYTES = 4

FLAT_RANK = 2
FLAT_RESULTS = ("mean", "softmax", "flat_copy")
"""Rows of numbers, where a layer of a map says so."""

SECTION_HEADER_BYTES = 32
CPU_POOLS, KPU_POOLS = 2, 3
CPU_ALIGNMENT_BYTES, KPU_ALIGNMENT_BYTES = 8, 256

KPU_TEXT_BYTES = {
    "upload": 44,
    "download": 44,
    "kpu_copy": 76,
    "kpu_conv": 152,
    "kpu_depthwise": 152,
}
ACTIVATION_TABLE_BYTES = 144
LOOKUP_TABLE_BYTES = 256
BATCH_NORM_BYTES = 8
"""Of each output channel: multiplier, shift and addend in one 64-bit word."""

# Instructions of the CPU's stack machine, from stackvm/op_writer.cpp.
LOAD_NUMBER_BYTES = 5
LOAD_ADDRESS_BYTES = 7
STORE_SHAPE_BYTES = 4 * LOAD_NUMBER_BYTES + 3
STORE_BYTES = 3
ARGUMENT_BYTES = LOAD_ADDRESS_BYTES + 3 * LOAD_NUMBER_BYTES + 2 * STORE_BYTES
"""Of a call, beside the two shapes' numbers."""

CALL_BYTES = 11
STORE_FLAT_BYTES = 2 * LOAD_NUMBER_BYTES + 3
_TWO_TENSORS = 2 * LOAD_ADDRESS_BYTES + 3 * STORE_SHAPE_BYTES
_TWO_FLAT = 2 * LOAD_ADDRESS_BYTES + 3 * STORE_FLAT_BYTES

CPU_TEXT_BYTES = {
    "dequantize": _TWO_TENSORS + 2 * LOAD_NUMBER_BYTES + 8,
    "quantize": _TWO_TENSORS + 2 * LOAD_NUMBER_BYTES + 8,
    "copy": _TWO_TENSORS + 7,
    "pad": _TWO_TENSORS + 13 * LOAD_NUMBER_BYTES + 3 + 9,
    "slice": _TWO_TENSORS + 3 * STORE_SHAPE_BYTES + 10,
    "maxpool": _TWO_TENSORS + 7 * LOAD_NUMBER_BYTES + 28,
    "lookup": _TWO_TENSORS + LOAD_ADDRESS_BYTES + 2 * LOAD_NUMBER_BYTES + 9,
    "transpose": _TWO_TENSORS + STORE_SHAPE_BYTES + 8,
    "upsample": _TWO_TENSORS + 2 * LOAD_NUMBER_BYTES + 10,
    "conv": 4 * LOAD_ADDRESS_BYTES + 7 * LOAD_NUMBER_BYTES + 5 * STORE_SHAPE_BYTES + 3 + 28,
    "arithmetic": 3 * LOAD_ADDRESS_BYTES + 6 * STORE_SHAPE_BYTES + 19,
    "mean": _TWO_TENSORS - STORE_SHAPE_BYTES + 2 * STORE_FLAT_BYTES + LOAD_NUMBER_BYTES + 10,
    "mean_map": _TWO_TENSORS + STORE_FLAT_BYTES + LOAD_NUMBER_BYTES + 10,
    "flatten": _TWO_TENSORS + 7,
    "flat_copy": _TWO_FLAT + 7,
    "softmax": _TWO_FLAT + 15,
    "input": 0,
    "crop": 0,
    "concat": 0,
    "bitcast": 0,
}
CPU_TEXT_BYTES["depthwise"] = CPU_TEXT_BYTES["conv"]
CPU_TEXT_BYTES["avgpool"] = CPU_TEXT_BYTES["maxpool"]
CPU_TEXT_BYTES["upsample_nearest"] = CPU_TEXT_BYTES["upsample"]
OTHER_TEXT_BYTES = 150
"""An operation without a row above: near enough, a file is hundreds of kilobytes."""


def kmodel_bytes(program: Program) -> int:
    """Size of the file. Raises nothing: unknown operations are guessed at."""
    if program.is_older:
        return older_kmodel_bytes(program)
    calls = _calls(program)
    cpu_text = sum(_code_bytes(step) for step in program.steps if _on_cpu(step))
    cpu_text += sum(CALL_BYTES + sum(map(_argument_bytes, ranks)) for ranks in calls)
    given = [step for step in program.steps if step.op == "input"]
    given += (program.steps[index] for index in program.outputs)
    size = MODEL_HEADER_BYTES
    size += MODULE_HEADER_BYTES + CPU_POOLS * MEMORY_POOL_BYTES
    size += FUNCTION_HEADER_BYTES
    size += sum(_range_bytes(_rank(step)) for step in given)
    size = _section(size, sum(program.each(_cpu_constants)), CPU_ALIGNMENT_BYTES)
    size = _up(_section(size, cpu_text, CPU_ALIGNMENT_BYTES), 8)
    if calls:
        size += MODULE_HEADER_BYTES + KPU_POOLS * MEMORY_POOL_BYTES
        size += sum(FUNCTION_HEADER_BYTES + sum(map(_range_bytes, ranks)) for ranks in calls)
        size = _section(size, _kpu_constants(program), KPU_ALIGNMENT_BYTES)
        kpu_text = sum(KPU_TEXT_BYTES.get(step.op, 0) for step in program.steps)
        size = _up(_section(size, kpu_text, KPU_ALIGNMENT_BYTES), 8)
    return size


def constant_bytes(step: Step) -> int:
    """Bytes of the file that hold the step's numbers, alignment left out."""
    if step.op in KPU_CONVOLUTIONS:
        return step.weights + BATCH_NORM_BYTES * step.shape[2] + ACTIVATION_TABLE_BYTES
    if step.op == "lookup":
        return LOOKUP_TABLE_BYTES
    return 4 * (step.weights + step.shape[2]) if step.op in CPU_CONVOLUTIONS else 0


def _code_bytes(step: Step) -> int:
    """Instructions of a step of the CPU."""
    return step.code_bytes or CPU_TEXT_BYTES.get(step.op, OTHER_TEXT_BYTES)


def _on_cpu(step: Step) -> bool:
    return step.op not in KPU_TEXT_BYTES


def _rank(step: Step) -> int:
    flat = step.own_bytes < 0 and step.op in FLAT_RESULTS
    return FLAT_RANK if flat else step.rank


def _range_bytes(rank: int) -> int:
    return TENSOR_RANGE_BYTES + DIMENSION_BYTES * rank


def _argument_bytes(rank: int) -> int:
    return ARGUMENT_BYTES + 2 * rank * LOAD_NUMBER_BYTES


def _calls(program: Program) -> list[list[int]]:
    """Of each call of the KPU module the ranks of what goes in and of what comes out."""
    if program.given_calls:
        return _given_calls(program)
    results = {
        index: [MAP_RANK] for index, step in enumerate(program.steps)
        if step.op == "upload" and program.calls[index] == index
    }  # fmt: skip
    for index, step in enumerate(program.steps):
        if step.op == "download" and program.leaves_call(index):
            results[program.calls[index]].append(MAP_RANK)
    return list(results.values())


def _given_calls(program: Program) -> list[list[int]]:
    steps, calls = program.steps, program.calls
    on_kpu = {calls[index] for index, step in enumerate(steps) if step.on_kpu}
    ranks: dict[int, list[int]] = {start: [] for start in sorted(on_kpu)}
    read: dict[int, set[int]] = {start: set() for start in on_kpu}
    for index, step in enumerate(steps):
        start = calls[index]
        if start in ranks:
            new = {source for source in step.inputs if calls[source] != start} - read[start]
            read[start] |= new
            ranks[start] += (steps[source].rank for source in new)
            if program.leaves_call(index):
                ranks[start].append(step.rank)
    return list(ranks.values())


def _cpu_constants(_: Program, step: Step) -> int:
    """Weights and biases as float32, each at a multiple of 8 bytes, or a table."""
    if step.own_bytes >= 0:
        return step.own_bytes
    if step.op == "lookup":
        return LOOKUP_TABLE_BYTES
    if step.op == "arithmetic":
        return _up(4 * step.shape[2], 8)
    if step.op in CPU_CONVOLUTIONS:
        return _up(4 * step.weights, 8) + _up(4 * step.shape[2], 8)
    return 0


def _kpu_constants(program: Program) -> int:
    """Weights, batch normalisation and activation table of each convolution, in order."""
    used = 0
    for step, numbers in zip(program.steps, program.each(_weights_and_norm), strict=True):
        if step.op in KPU_CONVOLUTIONS:
            used = _up(used + numbers, KPU_ALIGNMENT_BYTES) + ACTIVATION_TABLE_BYTES
    return used


def _weights_and_norm(_: Program, step: Step) -> int:
    return _up(step.weights, 8) + BATCH_NORM_BYTES * step.shape[2]


def _section(position: int, body_bytes: int, alignment_bytes: int) -> int:
    """End of a section that begins at `position`."""
    return _up(position + SECTION_HEADER_BYTES, alignment_bytes) + body_bytes


def _up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
