"""One of two numbers, by a condition that may be an array: then element by element."""

from __future__ import annotations

from dse.chips.target import Cycles

__all__ = ["chosen", "chosen_cycles"]


def chosen(first: bool, one: float, other: float) -> float:
    """`one if first else other`; an array where `first` or a number is one."""
    return one * first + other * (1 - first)


def chosen_cycles(first: bool, one: Cycles, other: Cycles) -> Cycles:
    """The same for the least, the likely and the most."""
    low, likely, high = (chosen(first, *edges) for edges in zip(one, other, strict=True))
    return low, likely, high
