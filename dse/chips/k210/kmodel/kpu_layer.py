"""A layer of the accelerator as its twelve registers tell it, in kmodels of every version.

Fields of `kpu_layer_argument_t` (`kpu.h` of the standalone SDK, `runtime_types.h` of nncase 1.9.0).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dse.chips.k210.cost.kpu_layout import ROW_BYTES, kpu_bytes
from dse.chips.k210.kmodel.kmodel_headers import KPU_MEMORY_BYTES
from dse.chips.k210.kmodel.kmodel_reader import expect
from dse.errors import CompilerError

__all__ = [
    "ACTIVATION_BYTES",
    "NORM_BYTES",
    "POOL_STEPS",
    "Address",
    "Constants",
    "Convolution",
    "KpuMap",
    "read_layer",
]

KERNELS = {0: 1, 1: 3}
"""Kernel type -> its side."""

POOL_STEPS = {0: 1, 1: 2, 2: 2, 3: 4, 4: 4, 5: 2, 6: 2, 7: 4, 8: 1, 9: 1}
"""Pool type -> of how many pixels, down and across, it makes one."""

NORM_BYTES, ACTIVATION_BYTES = 8, 144
"""Batch normalisation of a channel; activation table of a layer."""


class Address(NamedTuple):
    """A byte of main memory: location (as in `memory_location_t`) and offset, bytes."""

    location: int
    offset: int


class Constants(NamedTuple):
    """Where a layer's constants begin among those of its file or module, bytes."""

    weights: int
    batch_norm: int
    activation: int


@dataclass(frozen=True)
class KpuMap:
    """A feature map in the accelerator's memory: address in bytes, and its shape.

    batches: maps of that shape, one behind another. Raises VerificationFailed where it is empty,
    or does not lie within that memory.
    """

    address: int
    channels: int
    height: int
    width: int
    batches: int = 1

    def __post_init__(self) -> None:
        expect(min(*self.shape, self.batches) > 0, f"a feature map has shape {self.shape}")
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
        return self.address + self.batches * self.map_bytes

    @property
    def map_bytes(self) -> int:
        """Of one of its maps."""
        return kpu_bytes((self.height, self.width, self.channels))


@dataclass(frozen=True)
class Convolution:
    """A layer: convolution, batch normalisation, activation table, pool.

    Raises VerificationFailed where what it writes is not what comes of what it reads.
    weights, batch_norm, activation: offsets in the constants. bias_x, bias_w, bias: what is
    added to each weight, to each input level, and to the sum of one input channel. target:
    where the result goes in main memory too, or None. weight_width: bytes of one weight.
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
    weight_width: int = 1

    def __post_init__(self) -> None:
        step = POOL_STEPS[self.pool]
        sides = self.read.height // step, self.read.width // step
        channels = self.read.channels if self.depthwise else self.written.channels
        expect(
            self.written.shape == (channels, *sides),
            f"a layer with pool {self.pool} makes maps {self.written.shape} of {self.read.shape}",
        )

    @property
    def weights_count(self) -> int:
        """Of all filters."""
        inputs = 1 if self.depthwise else self.read.channels
        return self.written.channels * inputs * self.kernel**2

    @property
    def weight_bytes(self) -> int:
        """Of all filters."""
        return self.weights_count * self.weight_width

    @property
    def macs(self) -> int:
        """Products for one picture, before pixels are dropped."""
        return self.weights_count * self.read.height * self.read.width * self.read.batches

    def expect_constants(self, size_bytes: int) -> None:
        """Raises VerificationFailed unless its constants lie within so many bytes."""
        norm_bytes = NORM_BYTES * self.written.channels
        for what, start, length in (
            ("weights", self.weights, self.weight_bytes),
            ("normalisation", self.batch_norm, norm_bytes),
            ("activation", self.activation, ACTIVATION_BYTES),
        ):
            expect(
                start >= 0 and start + length <= size_bytes,
                f"a layer's {what} end at {start + length}, the constants at {size_bytes}",
            )


def read_layer(
    registers: Sequence[int],
    constants: Constants,
    target: Address | None = None,
    batches: int = 1,
    weight_width: int = 1,
) -> Convolution:
    """The layer in `registers` (twelve numbers of 64 bits).

    batches: maps one behind another that it is run on. weight_width: bytes of one weight, which
    the accelerator's mode says for all layers. Raises CompilerError for a layer that is
    not known here, VerificationFailed for one that contradicts itself or leaves its memory.
    """
    control, addresses, channels, sizes, kinds = registers[:5]
    multipliers, addend = registers[9:11]
    kernel, pool = _bits(kinds, 0, 3), _bits(kinds, 4, 4)
    if kernel not in KERNELS or pool not in POOL_STEPS:
        raise _unknown(f"a layer with a kernel of type {kernel} and a pool of type {pool}")
    read, written = (
        KpuMap(
            ROW_BYTES * _bits(addresses, first, 15),
            _bits(channels, first, 10) + 1,
            _bits(sizes, first + 10, 9) + 1,
            _bits(sizes, first, 10) + 1,
            batches,
        )
        for first in (0, 32)
    )
    return Convolution(
        read=read,
        written=written,
        kernel=KERNELS[kernel],
        depthwise=bool(_bits(control, 3, 1)),
        pool=pool,
        pad_value=_bits(kinds, 24, 8),
        bias_x=_offset(_bits(multipliers, 32, 24), _bits(multipliers, 4, 4)),
        bias_w=_offset(_bits(multipliers, 8, 24), _bits(multipliers, 0, 4)),
        bias=_signed(_bits(addend, 0, 40), 40),
        weights=constants.weights,
        batch_norm=constants.batch_norm,
        activation=constants.activation,
        target=target,
        weight_width=weight_width,
    )


def _offset(field: int, shift: int) -> int:
    """What a factor of 24 bits and its shift to the right say; nncase 0.1 shifts by 15."""
    value = _signed(field, 24)
    if value % (1 << shift):
        raise _unknown(f"a layer with an offset of {value} / {1 << shift}, no whole number")
    return value >> shift


def _bits(register: int, first: int, count: int) -> int:
    return (register >> first) & ((1 << count) - 1)


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def _unknown(what: str) -> CompilerError:
    return CompilerError(
        f"the emulator does not know {what}", "measure this kmodel with the simulator"
    )
