"""Bytes of a kmodel of version 3 or 4, as `older_versions` writes them for a program.

No formula branches on a side, so that sides may be arrays, as in `kmodel_size`.
"""

from __future__ import annotations

from dse.chips.k210.cost.program import KPU_CONVOLUTIONS, Program, Step

__all__ = ["older_kmodel_bytes"]

HEAD_BYTES = {3: 28, 4: 40 + 16 + 16}
"""Of version 4 with the place and the shape of its only input."""

OUTPUT_BYTES = {3: 8, 4: 16}
OPERATION_BYTES = 8
"""Number and size of each operation, in front of them all."""

FIELDS_BYTES = {
    3: {"kpu_conv": 24, "kpu_depthwise": 24, "upload": 24, "lookup": 16 + 256, "dequantize": 24},
    4: {"kpu_conv": 24, "kpu_depthwise": 24, "upload": 48, "lookup": 48, "dequantize": 40,
        "pad": 88, "slice": 116},
}  # fmt: skip
"""Of an operation; registers and constants of a convolution follow."""

REGISTERS_BYTES = 96

TABLE_BYTES = 256
"""Of a lookup in version 4: its table lies in front of all operations."""

ACTIVATION_BYTES, NORM_BYTES = 144, 8


def older_kmodel_bytes(program: Program) -> int:
    """Size of the file."""
    version = program.kmodel_version
    fields = FIELDS_BYTES[version]
    direct = program.picture_is_uploaded
    steps = [
        (step, weights, norm)
        for index, (step, weights, norm) in enumerate(
            zip(program.steps, program.each(_weights), program.each(_norm), strict=True)
        )
        if step.op in fields and not (direct and index == 1)
    ]
    tables = sum(step.op == "lookup" for step, _, _ in steps)
    size = HEAD_BYTES[version] + OUTPUT_BYTES[version] * len(program.outputs)
    size += OPERATION_BYTES * len(steps) + (TABLE_BYTES * tables if version == 4 else 0)
    for step, weights, norm in steps:
        size += fields[step.op]
        if step.op in KPU_CONVOLUTIONS:
            size = _constants_end(version, size, weights, norm)
        size = _up(size, 8)
    return size


def _constants_end(version: int, size: int, weights: int, norm: int) -> int:
    """Where a convolution's registers and constants end that begin behind `size` bytes."""
    size = _up(size, 8) + REGISTERS_BYTES
    if version == 3:
        return _up(_up(_up(size, 128) + weights, 128) + norm, 256) + ACTIVATION_BYTES
    return _up(_up(_up(size, 256) + norm, 256) + ACTIVATION_BYTES, 256) + weights


def _weights(_: Program, step: Step) -> int:
    return step.weights


def _norm(_: Program, step: Step) -> int:
    return NORM_BYTES * step.shape[2]


def _up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
