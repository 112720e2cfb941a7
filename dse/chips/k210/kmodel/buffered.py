"""All of a kmodel of version 3 or 4: its operations with their arguments, constants and memory.

Both versions are a list of operations that read and write one buffer in main memory, the
accelerator's memory, and constants; a runtime goes through it from front to back. What a file says
of places is compared with what is there, here, before anything is made of it: records and arrays
lie within the file, ranges within their memory. What an operation does with its tensors is checked
by whoever runs or prices it.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from dse.chips.k210.cost.kpu_layout import ROW_BYTES
from dse.chips.k210.kmodel import layers, nodes
from dse.chips.k210.kmodel.kmodel_headers import KPU_MEMORY_BYTES
from dse.chips.k210.kmodel.kmodel_reader import Reader, counted, expect
from dse.chips.k210.kmodel.kpu_layer import (
    ACTIVATION_BYTES,
    NORM_BYTES,
    Constants,
    Convolution,
    read_layer,
)
from dse.chips.k210.kmodel.records import (
    CONSTANTS,
    KPU_MEMORY,
    MAIN_MEMORY,
    KpuAddress,
    Main,
    Range,
    Shape4,
    Step,
    read_record,
)
from dse.errors import CompilerError, VerificationFailed

__all__ = ["BufferedKmodel", "convolution_of", "read_buffered", "tail_is_missing"]

FLOAT, LEVELS = 0, 1
"""`datatype_t` of version 4."""

EIGHT_BITS = 1
"""Flag of version 3: weights are of 8 bits, not of 16."""

ALIGNED = 8
"""Bodies begin on a multiple of this; see `tail_is_missing`."""


@dataclass(frozen=True)
class BufferedKmodel:
    """What a file of version 3 or 4 says.

    input_range: where the picture goes; None in version 3, which leaves that to its first layer.
    input_shape: (1, channels, height, width); its numbers are float32 where `input_is_float`.
    constants: of version 4, (first byte in the file, bytes). main_bytes: of the buffer.
    weight_width: bytes of one weight of the accelerator's layers.
    """

    version: int
    input_range: Range | None
    input_shape: tuple[int, int, int, int]
    input_is_float: bool
    outputs: tuple[Range, ...]
    constants: tuple[int, int]
    main_bytes: int
    steps: tuple[Step, ...]
    weight_width: int = 1

    def operations(self) -> dict[str, int]:
        """How many there are of each kind, in the order in which they come first."""
        found: dict[str, int] = {}
        for step in self.steps:
            found[step.name] = found.get(step.name, 0) + 1
        return found


def read_buffered(data: bytes) -> BufferedKmodel:
    """All that the kmodel `data`, of version 3 or 4, says.

    Raises VerificationFailed for a damaged file, CompilerError, with its name, for one with an
    operation that is not known.
    """
    reader = Reader(data)
    if data[:4] == struct.pack("<I", 3):
        return _version_3(reader)
    return _version_4(reader)


def _version_4(reader: Reader) -> BufferedKmodel:
    header = reader.numbers("10I", "the model header")
    constant_bytes, main_bytes, count, inputs, outputs = header[4:9]
    if inputs != 1:
        raise _unknown(f"a kmodel of {inputs} inputs")
    place = Range(*reader.numbers("4I", "an input"))
    shape = Shape4(*reader.numbers("4i", "an input's shape"))
    written = tuple(
        Range(*reader.numbers("4I", "an output")) for _ in range(counted(outputs, "outputs"))
    )
    constants = reader.position, constant_bytes
    reader.skip(constant_bytes, "the constants")
    room = {CONSTANTS: constant_bytes, MAIN_MEMORY: main_bytes, KPU_MEMORY: KPU_MEMORY_BYTES}
    for one in (place, *written):
        _check_range(one, room, "an input or output")
    steps = _steps(reader, count, nodes.NODES, nodes.NAMES, room)
    is_float = place.type == FLOAT
    return BufferedKmodel(4, place, shape, is_float, written, constants, main_bytes, steps)


def _version_3(reader: Reader) -> BufferedKmodel:
    flags, _, count, _, main_bytes, outputs = reader.numbers("7I", "the model header")[1:]
    weight_width = 1 if flags & EIGHT_BITS else 2
    written = [reader.numbers("II", "an output") for _ in range(counted(outputs, "outputs"))]
    room = {MAIN_MEMORY: main_bytes, KPU_MEMORY: KPU_MEMORY_BYTES}
    places = tuple(Range(MAIN_MEMORY, FLOAT, *one) for one in written)
    for one in places:
        _check_range(one, room, "an output")
    steps = _steps(reader, count, layers.LAYERS, layers.NAMES, room)
    expect(len(steps) > 0, "it has no layer")
    first = steps[0]
    if isinstance(first, layers.FullyConnected):
        shape = 1, 1, 1, first.in_channels
    elif isinstance(first, layers.KpuConvolution):
        shape = 1, *convolution_of(first, reader.data, weight_width).read.shape
    else:
        raise _unknown(f"a kmodel that begins with '{first.name}': nor does any firmware")
    is_float = isinstance(first, layers.FullyConnected)
    return BufferedKmodel(3, None, shape, is_float, places, (0, 0), main_bytes, steps, weight_width)


def _steps(
    reader: Reader,
    count: int,
    kinds: Mapping[int, type[Step]],
    names: Mapping[int, str],
    room: Mapping[int, int],
) -> tuple[Step, ...]:
    heads = [reader.numbers("II", "an operation") for _ in range(counted(count, "operations"))]
    steps, start = [], reader.position
    for number, size in heads:
        if number not in kinds:
            name = names.get(number)
            raise _unknown(f"operation '{name}'" if name else f"operation number {number}")
        step = read_record(kinds[number], reader.data, start, start + size)
        _check(step, reader.data, room)
        steps.append(step)
        start += size
    expect(start - len(reader.data) < ALIGNED, f"its operations end at {start}")
    return tuple(steps)


def tail_is_missing(data: bytes, version: int, number: int, start: int, size: int) -> bool:
    """Whether all but the last few bytes of the last operation are there.

    number, start, size: of the operation; its first byte, and how many it counts. Both compilers
    count a body up to the next multiple of eight, and move on in their file by that much without
    writing (`AlignStreamPosition` of nncase 0.1, `align_position` of 0.2): behind the last one no
    such bytes follow. They are missing in sound files, and nothing reads them.
    """
    short = start + size - len(data)
    kinds = nodes.NODES if version == 4 else layers.LAYERS
    if number not in kinds or not 0 < short < ALIGNED:
        return False
    try:
        step = read_record(kinds[number], data, start, start + size)
        if isinstance(step, nodes.KpuConv2d | layers.KpuConvolution):
            convolution_of(step, data)
    except (VerificationFailed, CompilerError):
        return False
    return all(array.end <= len(data) for array in step.arrays)


def _check(step: Step, data: bytes, room: Mapping[int, int]) -> None:
    """Raises VerificationFailed where something of `step` is not where it says."""
    for array in step.arrays:
        expect(
            min(array.shape) >= 0 and array.start >= 0 and array.end <= len(data),
            f"{array.what} {array.shape} of '{step.name}' end at {array.end}, "
            f"the file at {len(data)}",
        )
        expect(
            array.end <= step.body_end or isinstance(step, layers.KpuConvolution),
            f"{array.what} of '{step.name}' end at {array.end}, the operation at {step.body_end}",
        )
    for field in fields(step):
        value: Any = getattr(step, field.name)
        if isinstance(value, Range):
            _check_range(value, room, f"{field.name} of '{step.name}'")
        elif field.type == Main.__name__:
            expect(value <= room[MAIN_MEMORY], _outside(field.name, step, value))
        elif field.type == KpuAddress.__name__:
            expect(value * ROW_BYTES < KPU_MEMORY_BYTES, _outside(field.name, step, value))


def _check_range(one: Range, room: Mapping[int, int], what: str) -> None:
    expect(one.memory in room, f"{what} lies in memory {one.memory}")
    expect(one.type in (FLOAT, LEVELS), f"{what} is of type {one.type}")
    expect(
        one.end <= room[one.memory], f"{what} ends at {one.end}, its memory at {room[one.memory]}"
    )


def _outside(name: str, step: Step, value: int) -> str:
    return f"{name} of '{step.name}' lies at {value}, outside of its memory"


def convolution_of(
    step: nodes.KpuConv2d | layers.KpuConvolution, data: bytes, weight_width: int = 1
) -> Convolution:
    """The accelerator's layer that `step` tells of; its constants are offsets in the file `data`.

    weight_width: of the kmodel. Raises as `read_layer`.
    """
    (array,) = step.arrays
    registers = struct.unpack_from("<12Q", data, array.start)
    if isinstance(step, layers.KpuConvolution):
        constants = Constants(step.weights, step.batch_norm, step.activation)
        return _within(read_layer(registers, constants, weight_width=weight_width), data)
    # the compiler leaves in three registers how far it moved on to the next multiple of 256
    gaps = [registers[i] >> 32 for i in (4, 7, 5)]
    channels = (registers[2] >> 32 & 1023) + 1
    norm = array.end + gaps[0]
    activation = norm + NORM_BYTES * channels + gaps[1]
    weights = activation + ACTIVATION_BYTES + gaps[2]
    layer = read_layer(registers, Constants(weights, norm, activation), batches=step.batches)
    return _within(layer, data)


def _within(layer: Convolution, data: bytes) -> Convolution:
    layer.expect_constants(len(data))
    return layer


def _unknown(what: str) -> CompilerError:
    return CompilerError(
        f"the emulator does not know {what}", "run it on a board, or export the network with dse"
    )
