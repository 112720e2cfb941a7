"""A network as all versions of kmodel can tell it: layers of the accelerator, and bytes between.

Whatever lies between two layers is kept as levels (uint8). nncase 1.9 makes float32 numbers of
them, pads or concatenates those, and rounds them to levels again: for each level that is one
function of 256 values, which a table holds to the bit. So the old runtimes need no arithmetic of
their own between layers, and their maps are those of version 5.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from dse.chips.allocator import Buffer, Placement, first_fit
from dse.chips.k210.kmodel.kpu_layer import Convolution, KpuMap

__all__ = [
    "ALIGNMENT_BYTES",
    "Box",
    "Convolved",
    "Dequantized",
    "LevelProgram",
    "LevelStep",
    "LookedUp",
    "Padded",
    "Sliced",
    "Tensor",
    "Uploaded",
    "placed",
]

ALIGNMENT_BYTES = 8
"""Of a tensor in main memory (nncase 0.2, src/scheduler/memory_allocator.cpp)."""

Shape = tuple[int, int, int]
"""(channels, height, width)."""


@dataclass(eq=False)
class Tensor:
    """Numbers in main memory, dense. whole: the tensor of which it is a part, from channel `first`
    on; None where it has memory of its own."""

    shape: Shape
    item_bytes: int = 1
    whole: Tensor | None = None
    first: int = 0

    @property
    def size_bytes(self) -> int:
        """Of all numbers."""
        return math.prod(self.shape) * self.item_bytes

    @property
    def root(self) -> Tensor:
        """What has memory of its own."""
        return self if self.whole is None else self.whole.root

    @property
    def offset_bytes(self) -> int:
        """Where it begins in its root."""
        if self.whole is None:
            return 0
        return self.whole.offset_bytes + self.first * math.prod(self.shape[1:]) * self.item_bytes


class Box(NamedTuple):
    """Pixels of a map: the first row and column, those behind the last, and steps."""

    top: int
    left: int
    bottom: int
    right: int
    down: int = 1
    across: int = 1


@dataclass(frozen=True)
class Uploaded:
    """Main memory -> the accelerator's."""

    source: Tensor
    written: KpuMap

    target = None


@dataclass
class Convolved:
    """A layer of the accelerator. target: where its maps go in main memory too."""

    layer: Convolution
    weights: bytes
    batch_norm: bytes
    activation: bytes
    target: Tensor | None = None

    source = None


@dataclass(frozen=True)
class LookedUp:
    """Each level becomes that of `table`, 256 bytes."""

    source: Tensor
    target: Tensor
    table: bytes


@dataclass(frozen=True)
class Padded:
    """Lines of one level around each map: (top, bottom, left, right); cut off where negative."""

    source: Tensor
    target: Tensor
    margins: tuple[int, int, int, int]
    level: int


@dataclass(frozen=True)
class Sliced:
    """Some pixels of each map."""

    source: Tensor
    target: Tensor
    box: Box


@dataclass(frozen=True)
class Dequantized:
    """level * scale + bias, in float32: an output."""

    source: Tensor
    target: Tensor
    scale: float
    bias: float


LevelStep = Uploaded | Convolved | LookedUp | Padded | Sliced | Dequantized


@dataclass
class LevelProgram:
    """Steps in order. picture: uint8, planes of channels; outputs: float32."""

    picture: Tensor
    outputs: list[Tensor] = field(default_factory=list)
    steps: list[LevelStep] = field(default_factory=list)

    @property
    def picture_map(self) -> KpuMap | None:
        """Where the picture lies in the accelerator's memory, if that is all that reads it."""
        readers = [step for step in self.steps if step.source is self.picture]
        first = self.steps[0]
        return first.written if isinstance(first, Uploaded) and readers == [first] else None


def placed(program: LevelProgram) -> tuple[dict[Tensor, int], int]:
    """Where each tensor begins in main memory, and how many bytes of that are needed.

    A tensor lives from the step that writes it, or the first of its parts, to the last one that
    reads it; an output to the end. Each goes into the lowest hole that takes it.
    """
    end, direct = len(program.steps), program.picture_map is not None
    birth = {} if direct else {program.picture: -1}
    death = {} if direct else {program.picture: 0}
    for index, step in enumerate(program.steps):
        if step.target is not None:
            birth.setdefault(step.target.root, index)
            death.setdefault(step.target.root, index)
        if step.source is not None and not (direct and step.source is program.picture):
            death[step.source.root] = index
    for output in program.outputs:
        death[output.root] = end
    roots = list(birth)
    placement = _fitted([(root.size_bytes, birth[root], death[root]) for root in roots])
    return dict(zip(roots, placement.starts, strict=True)), placement.peak_bytes


def _fitted(lives: Sequence[tuple[int, int, int]]) -> Placement:
    return first_fit([Buffer("", *life) for life in lives], ALIGNMENT_BYTES)
