"""Shapes of what windows and reductions write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dse.network.operators import Sides

__all__ = ["reduced", "transposed", "windows"]


def transposed(shape: Sequence[int], perm: Sequence[int]) -> Sides:
    """`shape` with its axes in the order `perm`."""
    return tuple(shape[axis] for axis in perm)


def windows(
    sides: Sequence[int], kernel: Sequence[int], values: Mapping[str, Any]
) -> tuple[int, ...]:
    """Height and width of what windows of size `kernel` make of a map of `sides`.

    values: their "padding", "stride" and "dilation", of both axes.
    """
    found = []
    for axis, (side, size) in enumerate(zip(sides, kernel, strict=True)):
        padded = side + sum(values["padding"][axis])
        reach = (size - 1) * values["dilation"][axis] + 1
        found.append((padded - reach) // values["stride"][axis] + 1)
    return tuple(found)


def reduced(shape: Sequence[int], axes: Sequence[int], keep: bool) -> Sides:
    """What is left of `shape` without `axes`; a scalar is a row of one number."""
    kept = (1 if axis in axes else side for axis, side in enumerate(shape))
    if not keep:
        kept = (side for axis, side in enumerate(shape) if axis not in axes)
    return tuple(kept) or (1,)
