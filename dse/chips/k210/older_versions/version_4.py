"""Writes kmodels of version 4, for the runtime of nncase 0.2.

The file is laid out as `src/codegen/codegen.cpp` and `runtime/k210/k210_ops_body.h` of
v0.2.0-beta4 write it: header, input, outputs, constants, numbers and sizes of the nodes, bodies.
"""

from __future__ import annotations

import struct
from functools import singledispatch

import numpy as np

from dse.chips.k210.kmodel import nodes
from dse.chips.k210.kmodel.records import (
    CONSTANTS,
    KPU_MEMORY,
    MAIN_MEMORY,
    Margins,
    Range,
    Shape4,
    Step,
    packed,
)
from dse.chips.k210.kmodel.window_nodes import Pad, StridedSlice
from dse.chips.k210.older_versions.level_program import (
    Convolved,
    Dequantized,
    LevelProgram,
    LevelStep,
    LookedUp,
    Padded,
    Sliced,
    Tensor,
    Uploaded,
    placed,
)
from dse.chips.k210.older_versions.places import cannot
from dse.chips.k210.older_versions.registers import registers_without_addresses

__all__ = ["dequantization", "version_4"]

HEADER = struct.Struct("<4s9I")
MAGIC, VERSION, TARGET_K210 = b"LDMK", 4, 1
BODY_ALIGNMENT_BYTES, CONSTANT_ALIGNMENT_BYTES = 8, 256
NO_PLACE = Range(0, 0, 0, 0)
NO_MARGINS = Margins(0, 0)
NUMBERS = {kind: number for number, kind in nodes.NODES.items()}
FARTHEST_FROM_WHOLE = 1e-3
LEVELS_TYPE = 1
"""`dt_uint8`."""


def version_4(program: LevelProgram) -> bytes:
    """The file of `program`."""
    starts, main_bytes = placed(program)
    places = _Places(program, starts)
    steps = [step for step in program.steps if not places.is_direct(step)]
    tables = [step.table for step in steps if isinstance(step, LookedUp)]
    constants = b"".join(tables)
    picture = program.picture_map
    read = places.of(program.picture)
    if picture is not None:
        read = Range(KPU_MEMORY, LEVELS_TYPE, picture.address, picture.map_bytes)
    head = HEADER.pack(
        MAGIC, VERSION, 0, TARGET_K210, len(constants), main_bytes, len(steps), 1,
        len(program.outputs), 0,
    )  # fmt: skip
    ends = [read, Shape4(1, *program.picture.shape), *map(places.of, program.outputs)]
    head += b"".join(struct.pack("<4I", *end) for end in ends) + constants
    start, bodies = len(head) + 8 * len(steps), b""
    sizes = b""
    for step in steps:
        kind, body = _body(step, places, start + len(bodies))
        body += bytes(-len(body) % BODY_ALIGNMENT_BYTES)
        sizes += struct.pack("<II", NUMBERS[kind], len(body))
        bodies += body
    return head + sizes + bodies


class _Places:
    """Where everything lies."""

    def __init__(self, program: LevelProgram, starts: dict[Tensor, int]) -> None:
        self._picture, self._starts = program.picture, starts
        self._direct = program.picture_map is not None
        self._tables = 0

    def is_direct(self, step: LevelStep) -> bool:
        """The runtime itself does it: it puts the picture where it is read."""
        return self._direct and step.source is self._picture

    def of(self, tensor: Tensor) -> Range:
        """A tensor in main memory; of a picture that never lies there, nothing."""
        if self._direct and tensor is self._picture:
            return NO_PLACE
        start = self._starts[tensor.root] + tensor.offset_bytes
        return Range(MAIN_MEMORY, int(tensor.item_bytes == 1), start, tensor.size_bytes)

    def next_table(self, size_bytes: int) -> Range:
        """The next among the constants."""
        self._tables += size_bytes
        return Range(CONSTANTS, LEVELS_TYPE, self._tables - size_bytes, size_bytes)


@singledispatch
def _body(step: LevelStep, places: _Places, position: int) -> tuple[type[Step], bytes]:
    """The node of `step` and all that belongs to it, at `position` in the file."""
    raise TypeError(step)


@_body.register
def _(step: Uploaded, places: _Places, position: int) -> tuple[type[Step], bytes]:
    maps = step.written
    target = Range(KPU_MEMORY, LEVELS_TYPE, maps.address, maps.map_bytes)
    return _packed(
        nodes.KpuUpload(0, 0, places.of(step.source), target, Shape4(1, *step.source.shape))
    )


@_body.register
def _(step: LookedUp, places: _Places, position: int) -> tuple[type[Step], bytes]:
    table = places.next_table(len(step.table))
    return _packed(nodes.TableLookup(0, 0, places.of(step.source), table, places.of(step.target)))


@_body.register
def _(step: Padded, places: _Places, position: int) -> tuple[type[Step], bytes]:
    top, bottom, left, right = step.margins
    margins = (NO_MARGINS, NO_MARGINS, Margins(top, bottom), Margins(left, right))
    shape = Shape4(1, *step.source.shape)
    source, target = places.of(step.source), places.of(step.target)
    return _packed(Pad(0, 0, source, target, shape, margins, LEVELS_TYPE, step.level))


@_body.register
def _(step: Sliced, places: _Places, position: int) -> tuple[type[Step], bytes]:
    box, channels = step.box, step.source.shape[0]
    return _packed(
        StridedSlice(
            0, 0, places.of(step.source), places.of(step.target),
            in_shape=Shape4(1, *step.source.shape),
            begin=Shape4(0, 0, box.top, box.left),
            end=Shape4(1, channels, box.bottom, box.right),
            strides=Shape4(1, 1, box.down, box.across),
            begin_mask=0, end_mask=0, ellipsis_mask=0, new_axis_mask=0, shrink_axis_mask=0,
        )
    )  # fmt: skip


@_body.register
def _(step: Dequantized, places: _Places, position: int) -> tuple[type[Step], bytes]:
    zero_point, scale = dequantization(step.scale, step.bias)
    source, target = places.of(step.source), places.of(step.target)
    return _packed(nodes.Dequantize(0, 0, source, target, zero_point, scale))


@_body.register
def _(step: Convolved, places: _Places, position: int) -> tuple[type[Step], bytes]:
    main = places.of(step.target) if step.target is not None else NO_PLACE
    node = nodes.KpuConv2d(0, 0, main, 1, 0)
    end = position + len(packed(node)) + 8 * len(step.layer.registers)
    gaps, tail = [], b""
    for part in (step.batch_norm, step.activation, step.weights):
        gaps.append(-(end + len(tail)) % CONSTANT_ALIGNMENT_BYTES)
        tail += bytes(gaps[-1]) + part
    registers = registers_without_addresses(
        step.layer.registers,
        to_main_memory=step.target is not None,
        gaps=(gaps[0], gaps[1], gaps[2]),
    )
    return nodes.KpuConv2d, packed(node) + struct.pack("<12Q", *registers) + tail


def _packed(node: Step) -> tuple[type[Step], bytes]:
    return type(node), packed(node)


def dequantization(scale: float, bias: float) -> tuple[int, float]:
    """(zero point, scale) that say of a level what level * scale + bias is.

    The runtime divides 1 by its scale first: of the float32 numbers around 1 / `scale`, the one
    that comes nearest to `scale` then. Raises CompilerError where no level stands for 0.
    """
    if not (0 < scale < np.inf and np.isfinite(bias)):
        raise cannot(f"an output of levels times {scale:g} and {bias:g}")
    wanted = np.float32(scale)
    guess = np.float32(1) / wanted
    near = [guess]
    for way in (-np.inf, np.inf):
        near.append(np.nextafter(guess, np.float32(way)))
    zero_point = round(-bias / scale)
    if abs(-bias / scale - zero_point) > FARTHEST_FROM_WHOLE:
        raise cannot(f"an output whose zero lies between two levels, at {-bias / scale:g}")
    best = min(near, key=lambda one: abs(float(np.float32(1) / one) - float(wanted)))
    return zero_point, float(best)
