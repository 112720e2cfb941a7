"""The accelerator's code in a kmodel: uploads, downloads, copies and convolution layers.

Records of `modules/k210/include/nncase/runtime/k210/runtime_types.h` of nncase 1.9.0, without
padding between their fields; a layer is twelve 64-bit registers of the KPU.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from dse.chips.k210.emulator.container import numpy_type
from dse.chips.k210.emulator.memory import RDATA
from dse.chips.k210.kmodel.kmodel_reader import expect
from dse.chips.k210.kmodel.kpu_layer import Address, Constants, Convolution, KpuMap, read_layer
from dse.errors import CompilerError

__all__ = [
    "Copy",
    "Download",
    "KpuOperation",
    "Upload",
    "read_kpu_code",
]

RANGE = struct.Struct("<BBHII")
TRANSFER = struct.Struct("<4x12s12s4I")
COPY = struct.Struct("<4x12s12s12I")
LAYER = struct.Struct("<4x12s12s12s12sI12Q")
UPLOAD, DOWNLOAD, CONVOLUTION, COPYING = 0, 1, 2, 3
KPU = 64
"""Memory location of the accelerator's own 2 MiB."""


@dataclass(frozen=True)
class Upload:
    """From main memory into the accelerator's."""

    source: Address
    written: KpuMap


@dataclass(frozen=True)
class Download:
    """From the accelerator's memory into main memory."""

    read: KpuMap
    target: Address


@dataclass(frozen=True)
class Copy:
    """From main memory to main memory; shape and strides as of a tensor, in elements."""

    source: Address
    target: Address
    dtype: str
    shape: tuple[int, ...]
    in_strides: tuple[int, ...]
    out_strides: tuple[int, ...]


KpuOperation = Upload | Download | Convolution | Copy
Fields = tuple[Any, ...]
"""Of a record, as `struct` unpacks them."""


def read_kpu_code(text: bytes) -> Iterator[KpuOperation]:
    """The operations of one function.

    Raises CompilerError for one that is not known here, VerificationFailed for one that is cut
    off, or that contradicts itself.
    """
    position = 0
    while position < len(text):
        code = text[position]
        if code not in READERS:
            raise _unknown(f"operation {code} of the accelerator")
        record, read = READERS[code]
        expect(position + record.size <= len(text), "code ends within an operation")
        yield read(code, record.unpack_from(text, position))
        position += record.size


def _transfer(code: int, fields: Fields) -> Upload | Download:
    ends, (batch, *shape) = fields[:2], fields[2:]
    source, target = (_address(end) for end in ends)
    if batch != 1:
        raise _unknown(f"a transfer of {batch} maps at once")
    own, other = (target, source) if code == UPLOAD else (source, target)
    expect(own.location == KPU, f"a transfer takes memory {own.location} for the accelerator's")
    moved = KpuMap(own.offset, *shape)
    return Upload(other, moved) if code == UPLOAD else Download(moved, other)


def _copy(code: int, fields: Fields) -> Copy:
    source, target, *sides = fields
    dtype = numpy_type(RANGE.unpack(source)[1])
    shape, in_strides, out_strides = (tuple(sides[i : i + 4]) for i in (0, 4, 8))
    return Copy(_address(source), _address(target), dtype, shape, in_strides, out_strides)


def _layer(code: int, fields: Fields) -> Convolution:
    *constants, target, batch = fields[:5]
    if batch != 1:
        raise _unknown(f"a layer of {batch} maps at once")
    own = _address(target) if RANGE.unpack(target)[4] else None
    return read_layer(fields[5:], Constants(*map(_constant, constants)), own)


READERS: dict[int, tuple[struct.Struct, Callable[[int, Fields], KpuOperation]]] = {
    UPLOAD: (TRANSFER, _transfer),
    DOWNLOAD: (TRANSFER, _transfer),
    CONVOLUTION: (LAYER, _layer),
    COPYING: (COPY, _copy),
}


def _constant(memory_range: bytes) -> int:
    """Where it begins among the constants."""
    location, offset = _address(memory_range)
    expect(location == RDATA, f"a layer's constants lie in memory {location}")
    return offset


def _address(memory_range: bytes) -> Address:
    location, _, _, start, _ = RANGE.unpack(memory_range)
    return Address(location, start)


def _unknown(what: str) -> CompilerError:
    return CompilerError(
        f"the emulator does not know {what}", "measure this kmodel with the simulator"
    )
