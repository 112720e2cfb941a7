"""Writes kmodels of version 3, for the standalone SDK's `kpu.c` and every MaixPy.

The file is laid out as `Converters/Stages/Generate/Generator.cs` and `Layers/K210Conv2d.cs` of
nncase v0.1.0-rc5 write it: header, outputs, numbers and sizes of the layers, bodies.
"""

from __future__ import annotations

import struct

from dse.chips.k210.cost.kpu_layout import ROW_BYTES
from dse.chips.k210.kmodel import layers
from dse.chips.k210.kmodel.records import KpuAddress, Main, Shape3, Step, packed
from dse.chips.k210.older_versions.level_program import (
    Convolved,
    Dequantized,
    LevelProgram,
    LevelStep,
    LookedUp,
    Tensor,
    Uploaded,
    placed,
)
from dse.chips.k210.older_versions.places import cannot
from dse.chips.k210.older_versions.registers import registers_without_addresses

__all__ = ["version_3"]

VERSION, EIGHT_BITS, ARCHITECTURE = 3, 1, 0
BODY_ALIGNMENT_BYTES = 8
WEIGHTS_ALIGNMENT_BYTES, NORM_ALIGNMENT_BYTES, TABLE_ALIGNMENT_BYTES = 128, 128, 256
NUMBERS = {kind: number for number, kind in layers.LAYERS.items()}
CONVOLUTION_FIELDS_BYTES = 24


def version_3(program: LevelProgram) -> bytes:
    """The file of `program`.

    Raises CompilerError where nncase 0.1 has no layer for what it does: it pads and slices nothing,
    and its first layer is one of the accelerator.
    """
    if program.picture_map is None:
        raise cannot("a picture that the CPU changes before the first layer")
    starts, main_bytes = placed(program)
    steps = [step for step in program.steps if step.source is not program.picture]
    outputs = [(starts[one.root] + one.offset_bytes, one.size_bytes) for one in program.outputs]
    rows = (step.layer.written.address for step in steps if isinstance(step, Convolved))
    lowest = min(*rows, program.picture_map.address) // ROW_BYTES
    head = struct.pack(
        "<7I", VERSION, EIGHT_BITS, ARCHITECTURE, len(steps), lowest, main_bytes, len(outputs)
    )
    head += b"".join(struct.pack("<2I", *one) for one in outputs)
    start, bodies, sizes = len(head) + 8 * len(steps), b"", b""
    for step in steps:
        kind, body = _body(step, starts, start + len(bodies))
        body += bytes(-(start + len(bodies) + len(body)) % BODY_ALIGNMENT_BYTES)
        sizes += struct.pack("<II", NUMBERS[kind], len(body))
        bodies += body
    return head + sizes + bodies


def _body(step: LevelStep, starts: dict[Tensor, int], position: int) -> tuple[type[Step], bytes]:
    """The layer of `step` and all that belongs to it, at `position` in the file."""

    def main(tensor: Tensor) -> Main:
        return Main(starts[tensor.root] + tensor.offset_bytes)

    if isinstance(step, Convolved):
        return _convolution(step, Main(0) if step.target is None else main(step.target), position)
    if isinstance(step, Uploaded):
        channels, height, width = step.source.shape
        row = KpuAddress(step.written.address // ROW_BYTES)
        return _packed(
            layers.Upload(0, 0, 0, main(step.source), row, Shape3(width, height, channels))
        )
    count = step.target.size_bytes // step.target.item_bytes
    if isinstance(step, LookedUp):
        own = layers.Requantize(0, 0, 0, main(step.source), main(step.target), count)
        return _packed(own, step.table)
    if isinstance(step, Dequantized):
        source, target = main(step.source), main(step.target)
        return _packed(layers.Dequantize(0, 0, 0, source, target, count, step.scale, step.bias))
    raise cannot("lines that the CPU adds to a map, or leaves out, and version 3 does neither")


def _convolution(step: Convolved, main: Main, position: int) -> tuple[type[Step], bytes]:
    to_main_memory = step.target is not None
    registers = registers_without_addresses(step.layer.registers, to_main_memory=to_main_memory)
    start = position + CONVOLUTION_FIELDS_BYTES
    tail = bytes(-start % BODY_ALIGNMENT_BYTES)
    places = [start + len(tail)]
    tail += struct.pack("<12Q", *registers)
    for part, alignment_bytes in (
        (step.weights, WEIGHTS_ALIGNMENT_BYTES),
        (step.batch_norm, NORM_ALIGNMENT_BYTES),
        (step.activation, TABLE_ALIGNMENT_BYTES),
    ):
        tail += bytes(-(start + len(tail)) % alignment_bytes)
        places.append(start + len(tail))
        tail += part
    flags = layers.MAIN_MEMORY_OUTPUT if to_main_memory else 0
    return _packed(layers.KpuConvolution(0, 0, flags, main, *places), tail)


def _packed(layer: Step, tail: bytes = b"") -> tuple[type[Step], bytes]:
    return type(layer), packed(layer) + tail
