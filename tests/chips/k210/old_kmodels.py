"""Kmodels of versions 3 and 4, written by hand for tests: nothing of the package's own writes here.

`Version4` and `Version3` collect operations; `content()` is the file. Memory is handed out from
front to back, so nothing lies over anything.
"""

from __future__ import annotations

import math
import struct
from dataclasses import fields
from typing import Any

from dse.chips.k210.kmodel import layers, nodes
from dse.chips.k210.kmodel.records import Range, Step, layout
from tests.chips.k210.emulator.kpu_tables import clipping, packed_norm, packed_segments

CONST, MAIN, KPU = range(3)
FLOAT, LEVELS = range(2)
ITEM = {FLOAT: 4, LEVELS: 1}
NODE_NUMBERS = {kind: number for number, kind in nodes.NODES.items()}
LAYER_NUMBERS = {kind: number for number, kind in layers.LAYERS.items()}


def packed(kind: type[Step], **values: Any) -> bytes:
    """The fields of a record, in the file's order."""
    own: Any = kind
    names = [one.name for one in fields(kind) if not one.name.startswith("body_")]
    assert sorted(names) == sorted(values), (names, values)
    return layout(own).pack(*_flat([values[name] for name in names]))


def _flat(values: Any) -> list[Any]:
    if not isinstance(values, tuple | list):
        return [values]
    return [one for value in values for one in _flat(value)]


class Version4:
    """A file of nncase 0.2: one input of `shape`, in main memory unless `in_kpu`."""

    def __init__(
        self, shape: tuple[int, int, int, int], kind: int = LEVELS, *, in_kpu: bool = False
    ) -> None:
        self.shape, self.main_bytes, self.constants = shape, 0, b""
        self.bodies: list[tuple[int, bytes]] = []
        self.input = Range(KPU, kind, 0, 64) if in_kpu else self.place(math.prod(shape), kind)
        self.outputs: list[Range] = []

    def place(self, count: int, kind: int) -> Range:
        """So many numbers of main memory."""
        found = Range(MAIN, kind, self.main_bytes, count * ITEM[kind])
        self.main_bytes += -(-found.size // 8) * 8
        return found

    def constant(self, content: bytes, kind: int) -> Range:
        """Numbers that are the same for all pictures."""
        found = Range(CONST, kind, len(self.constants), len(content))
        self.constants += content + bytes(-len(content) % 8)
        return found

    def add(self, kind: type[Step], tail: bytes = b"", **values: Any) -> None:
        """An operation; tail: what follows its fields."""
        self.raw(NODE_NUMBERS[kind], packed(kind, **values) + tail)

    def raw(self, number: int, body: bytes) -> None:
        """An operation by its number."""
        self.bodies.append((number, body + bytes(-len(body) % 8)))

    def content(self) -> bytes:
        """The file."""
        header = b"LDMK" + struct.pack(
            "<9I", 4, 0, 1, len(self.constants), self.main_bytes, len(self.bodies), 1,
            len(self.outputs), 0,
        )  # fmt: skip
        header += struct.pack("<4I4i", *self.input, *self.shape)
        header += b"".join(struct.pack("<4I", *one) for one in self.outputs) + self.constants
        heads = (struct.pack("<2I", number, len(body)) for number, body in self.bodies)
        return header + b"".join(heads) + b"".join(body for _, body in self.bodies)


class Version3:
    """A file of nncase 0.1. flags: 1 says that weights have 8 bits, 0 that they have 16."""

    def __init__(self, flags: int = 1) -> None:
        self.flags, self.main_bytes = flags, 0
        self.layers: list[tuple[int, bytes, Any]] = []
        self.outputs: list[tuple[int, int]] = []

    def place(self, size_bytes: int) -> int:
        """So many bytes of main memory."""
        found = self.main_bytes
        self.main_bytes += -(-size_bytes // 8) * 8
        return found

    def add(self, kind: type[Step], tail: bytes = b"", **values: Any) -> None:
        """A layer of the CPU."""
        body = packed(kind, flags=0, **values) + tail
        self.layers.append((LAYER_NUMBERS[kind], body + bytes(-len(body) % 8), None))

    def convolve(self, registers: list[int], weights: bytes, channels: int, main: int = -1) -> None:
        """A layer of the accelerator; main: where its maps go in main memory, if they do."""
        parts = struct.pack("<12Q", *registers) + weights, norm_of(channels), table()
        self.layers.append((10240, b"", (int(main >= 0), max(main, 0), len(weights), parts)))

    def repeat(self, times: int) -> None:
        """The last layer of the accelerator again and again, with the constants of its first."""
        self.layers += [(10240, b"", None)] * times

    def content(self) -> bytes:
        """The file."""
        count = len(self.layers)
        start = 28 + 8 * len(self.outputs) + 8 * count
        heads, bodies, last = b"", b"", b""
        for number, body, convolution in self.layers:
            if convolution:
                body = _convolution(start + len(bodies), *convolution)
                last = body[:24]
            body = body or last
            heads += struct.pack("<2I", number, len(body))
            bodies += body
        numbers = (3, self.flags, 0, count, 0, self.main_bytes, len(self.outputs))
        header = struct.pack("<7I", *numbers)
        return header + b"".join(struct.pack("<2I", *one) for one in self.outputs) + heads + bodies


def _convolution(
    start: int, flag: int, main: int, weight_bytes: int, parts: tuple[bytes, ...]
) -> bytes:
    """The body of a layer at `start`, with its registers and constants behind it."""
    places = [start + 24, start + 24 + 96]
    places += [places[1] + weight_bytes, places[1] + weight_bytes + len(parts[1])]
    body = struct.pack("<6I", flag, main, *places) + b"".join(parts)
    return body + bytes(-len(body) % 8)


def registers(
    read: tuple[int, int, int],
    channels: int,
    *,
    kernel: int = 1,
    depthwise: bool = False,
    pool: int = 0,
    source: int = 0,
    target: int = 0,
    bias: int = 0,
    shift: int = 0,
    gaps: tuple[int, int, int] = (0, 0, 0),
) -> list[int]:
    """Of a layer that reads (channels, height, width) at row `source` of the KPU's memory.

    bias: added to each weight. gaps: bytes in front of norm, table and weights (version 4).
    """
    step = {0: 1, 1: 2, 2: 2, 3: 4, 4: 4, 5: 2, 6: 2, 7: 4, 8: 1, 9: 1}[pool]
    inputs, height, width = read
    found = [0] * 12
    found[0] = int(depthwise) << 3
    found[1] = source | target << 32
    found[2] = (inputs - 1) | (channels - 1) << 32
    found[3] = (width - 1) | (height - 1) << 10
    found[3] |= (width // step - 1) << 32 | (height // step - 1) << 42
    found[4] = {1: 0, 3: 1}[kernel] | pool << 4 | gaps[0] << 32
    found[5] = gaps[2] << 32
    found[7] = gaps[1] << 32
    found[9] = shift << 4 | (bias << shift & 0xFFFFFF) << 32
    return found


def norm_of(channels: int) -> bytes:
    """Batch normalisation that differs from channel to channel."""
    return packed_norm([(900 + 7 * channel, 3, 40 * channel) for channel in range(channels)])


def table() -> bytes:
    """An activation table."""
    return packed_segments(clipping())


def convolution_tail(registers: list[int], channels: int, weights: bytes) -> bytes:
    """What follows the fields of a convolution in version 4, its gaps filled."""
    gaps = [registers[i] >> 32 for i in (4, 7, 5)]
    found = struct.pack("<12Q", *registers) + bytes(gaps[0]) + norm_of(channels)
    return found + bytes(gaps[1]) + table() + bytes(gaps[2]) + weights
