"""The accelerator's code in a kmodel: uploads, downloads, copies and convolution layers.

Records of `modules/k210/include/nncase/runtime/k210/runtime_types.h` of nncase 1.9.0, without
padding between their fields; a layer is twelve 64-bit registers of the KPU.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from dse.chips.k210.cost.kpu_layout import ROW_BYTES, kpu_bytes
from dse.chips.k210.emulator.container import numpy_type
from dse.chips.k210.emulator.memory import RDATA
from dse.chips.k210.emulator.stack_code import Address
from dse.chips.k210.kmodel.kmodel_headers import KPU_MEMORY_BYTES
from dse.chips.k210.kmodel.kmodel_reader import expect
from dse.errors import CompilerError

__all__ = [
    "POOL_STEPS",
    "Convolution",
    "Copy",
    "Download",
    "KpuMap",
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

KERNELS = {0: 1, 1: 3}
"""Kernel type -> its side."""

POOL_STEPS = {0: 1, 1: 2, 2: 2, 3: 4, 4: 4, 5: 2, 6: 2, 7: 4, 8: 1, 9: 1}
"""Pool type -> of how many pixels, down and across, it makes one."""

NORM_BYTES, ACTIVATION_BYTES = 8, 144
"""Batch normalisation of a channel; activation table of a layer."""


@dataclass(frozen=True)
class KpuMap:
    """A feature map in the accelerator's memory: address in bytes, and its shape.

    Raises VerificationFailed where it is empty, or does not lie within that memory.
    """

    address: int
    channels: int
    height: int
    width: int

    def __post_init__(self) -> None:
        expect(min(self.shape) > 0, f"a feature map has shape {self.shape}")
        expect(
            self.address >= 0 and self.end <= KPU_MEMORY_BYTES,
            f"a feature map lies at {self.address}..{self.end} of the accelerator's "
            f"{KPU_MEMORY_BYTES} bytes",
        )

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width)."""
        return self.channels, self.height, self.width

    @property
    def end(self) -> int:
        """The byte behind its last."""
        return self.address + kpu_bytes((self.height, self.width, self.channels))


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

    Raises VerificationFailed where what it writes is not what comes of what it reads.
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

    def __post_init__(self) -> None:
        step = POOL_STEPS[self.pool]
        sides = self.read.height // step, self.read.width // step
        channels = self.read.channels if self.depthwise else self.written.channels
        expect(
            self.written.shape == (channels, *sides),
            f"a layer with pool {self.pool} makes maps {self.written.shape} of {self.read.shape}",
        )

    @property
    def weight_bytes(self) -> int:
        """Of all filters."""
        inputs = 1 if self.depthwise else self.read.channels
        return self.written.channels * inputs * self.kernel**2

    @property
    def macs(self) -> int:
        """Products for one picture, before pixels are dropped."""
        return self.weight_bytes * self.read.height * self.read.width

    def expect_constants(self, size_bytes: int) -> None:
        """Raises VerificationFailed unless its constants lie within so many bytes."""
        norm_bytes = NORM_BYTES * self.written.channels
        for what, start, length in (
            ("weights", self.weights, self.weight_bytes),
            ("normalisation", self.batch_norm, norm_bytes),
            ("activation", self.activation, ACTIVATION_BYTES),
        ):
            expect(
                start + length <= size_bytes,
                f"a layer's {what} end at {start + length}, the constants at {size_bytes}",
            )


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
    weights, batch_norm, activation, target, batch, *registers = fields
    control, addresses, channels, sizes, kinds = registers[:5]
    multipliers, addend = registers[9:11]
    if batch != 1 or _bits(multipliers, 0, 8):
        raise _unknown(f"a layer of {batch} maps at once, or with shifted offsets")
    kernel, pool = _bits(kinds, 0, 3), _bits(kinds, 4, 4)
    if kernel not in KERNELS or pool not in POOL_STEPS:
        raise _unknown(f"a layer with a kernel of type {kernel} and a pool of type {pool}")
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
        kernel=KERNELS[kernel],
        depthwise=bool(_bits(control, 3, 1)),
        pool=pool,
        pad_value=_bits(kinds, 24, 8),
        bias_x=_signed(_bits(multipliers, 32, 24), 24),
        bias_w=_signed(_bits(multipliers, 8, 24), 24),
        bias=_signed(_bits(addend, 0, 40), 40),
        weights=_constant(weights),
        batch_norm=_constant(batch_norm),
        activation=_constant(activation),
        target=_address(target) if RANGE.unpack(target)[4] else None,
    )


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


def _bits(register: int, first: int, count: int) -> int:
    return (register >> first) & ((1 << count) - 1)


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def _unknown(what: str) -> CompilerError:
    return CompilerError(
        f"the emulator does not know {what}", "measure this kmodel with the simulator"
    )
