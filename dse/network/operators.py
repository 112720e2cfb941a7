"""The operators of a file as it has them: tensors of any rank, what each operator reads and how.

A layer graph tells what a network of maps computes. Where a file holds more than that, a compiler
has to see the operators themselves; this is what of them can cost something.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Constant", "Operator", "Operators", "Sides", "Tensor"]

Sides = tuple[int, ...]
"""All sides of a tensor, the number of pictures first."""


@dataclass(frozen=True)
class Constant:
    """Numbers that the file holds.

    values: the numbers, of a tensor of few; uniform: what all of them are, or None.
    """

    values: tuple[float, ...] = ()
    uniform: float | None = None
    has_negative: bool = False


@dataclass(frozen=True)
class Tensor:
    """A tensor by its number in the file. type: such as "float32". constant: what it holds."""

    number: int
    sides: Sides
    type: str
    constant: Constant | None = None


@dataclass(frozen=True)
class Operator:
    """One operator. kind: as TensorFlow Lite calls it, such as "CONV_2D".

    layer: the layer that it belongs to. inputs: None where one is left out. options: of its table,
    by the schema's names.
    """

    kind: str
    layer: str
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Operators:
    """All operators in the file's order. inputs: (layer, tensor) of what the caller gives."""

    operators: tuple[Operator, ...]
    inputs: tuple[tuple[str, Tensor], ...]
    outputs: tuple[Tensor, ...]
