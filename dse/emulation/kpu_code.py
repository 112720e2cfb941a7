"""The accelerator's code in a kmodel: uploads, downloads, copies and convolution layers.

Records of `modules/k210/include/nncase/runtime/k210/runtime_types.h` of nncase 1.9.0, without
padding between their fields; a layer is twelve 64-bit registers of the KPU.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import NamedTuple

from dse.emulation.container import numpy_type
from dse.emulation.stack_code import Address
from dse.errors import CompilerError

__all__ = ["Convolution", "Copy", "Download", "KpuMap", "KpuOperation", "Upload", "read_kpu_code"]

RANGE = struct.Struct("<BBHII")
TRANSFER = struct.Struct("<4x12s12s4I")
COPY = struct.Struct("<4x12s12s12I")
LAYER = struct.Struct("<4x12s12s12s12sI12Q")
UPLOAD, DOWNLOAD, CONVOLUTION, COPYING = 0, 1, 2, 3
KPU = 64
"""Memory location of the accelerator's own 2 MiB."""

ROW_BYTES = 64


class KpuMap(NamedTuple):
    """A feature map in the accelerator's memory: address in bytes, and its shape."""

    address: int
    channels: int
    height: int
    width: int


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
class Convolution:
    """A layer: convolution, batch normalisation, activation table, pool.

    weights, batch_norm, activation: offsets in the constants. bias_x, bias_w, bias: what is
    added to each weight, to each input level, and to the sum of one input channel. target:
    where the result goes in main memory too, or None.
    """

    read: KpuMap
    written: KpuMap
    kernel: int
    depthwise: bool
    pool: int
    pad_value: int
    bias_x: int
    bias_w: int
    bias: int
    weights: int
    batch_norm: int
    activation: int
    target: Address | None


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


def read_kpu_code(text: bytes) -> list[KpuOperation]:
    """The operations of one function. Raises CompilerError for one that is not known here."""
    operations: list[KpuOperation] = []
    position = 0
    while position < len(text):
        code = text[position]
        if code in (UPLOAD, DOWNLOAD):
            operations.append(_transfer(text, position))
            position += TRANSFER.size
        elif code == CONVOLUTION:
            operations.append(_layer(text, position))
            position += LAYER.size
        elif code == COPYING:
            operations.append(_copy(text, position))
            position += COPY.size
        else:
            raise _unknown(f"operation {code} of the accelerator")
    return operations


def _transfer(text: bytes, position: int) -> Upload | Download:
    source, target, batch, channels, height, width = TRANSFER.unpack_from(text, position)
    if batch != 1:
        raise _unknown(f"a transfer of {batch} maps at once")
    source, target = _address(source), _address(target)
    if text[position] == UPLOAD:
        return Upload(source, KpuMap(target.offset, channels, height, width))
    return Download(KpuMap(source.offset, channels, height, width), target)


def _copy(text: bytes, position: int) -> Copy:
    source, target, *sides = COPY.unpack_from(text, position)
    dtype = numpy_type(RANGE.unpack(source)[1])
    shape, in_strides, out_strides = (tuple(sides[i : i + 4]) for i in (0, 4, 8))
    return Copy(_address(source), _address(target), dtype, shape, in_strides, out_strides)


def _layer(text: bytes, position: int) -> Convolution:
    weights, batch_norm, activation, target, batch, *registers = LAYER.unpack_from(text, position)
    control, addresses, channels, sizes, kinds = registers[:5]
    multipliers, addend = registers[9:11]
    if batch != 1 or _bits(multipliers, 0, 8):
        raise _unknown(f"a layer of {batch} maps at once, or with shifted offsets")
    read = KpuMap(
        ROW_BYTES * _bits(addresses, 0, 15),
        _bits(channels, 0, 10) + 1,
        _bits(sizes, 10, 9) + 1,
        _bits(sizes, 0, 10) + 1,
    )
    written = KpuMap(
        ROW_BYTES * _bits(addresses, 32, 15),
        _bits(channels, 32, 10) + 1,
        _bits(sizes, 42, 9) + 1,
        _bits(sizes, 32, 10) + 1,
    )
    return Convolution(
        read=read,
        written=written,
        kernel=3 if _bits(kinds, 0, 3) else 1,
        depthwise=bool(_bits(control, 3, 1)),
        pool=_bits(kinds, 4, 4),
        pad_value=_bits(kinds, 24, 8),
        bias_x=_signed(_bits(multipliers, 32, 24), 24),
        bias_w=_signed(_bits(multipliers, 8, 24), 24),
        bias=_signed(_bits(addend, 0, 40), 40),
        weights=_address(weights).offset,
        batch_norm=_address(batch_norm).offset,
        activation=_address(activation).offset,
        target=_address(target) if RANGE.unpack(target)[4] else None,
    )


def _address(memory_range: bytes) -> Address:
    location, _, _, start, _ = RANGE.unpack(memory_range)
    return Address(location, start)


def _bits(register: int, first: int, count: int) -> int:
    return (register >> first) & ((1 << count) - 1)


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def _unknown(what: str) -> CompilerError:
    return CompilerError(
        f"the emulator does not know {what}", "measure this kmodel with the simulator"
    )
