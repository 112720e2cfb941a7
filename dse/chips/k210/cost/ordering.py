"""The order in which nncase visits a graph: depth first, from the outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

__all__ = ["depth_first"]

Thing = TypeVar("Thing")


def depth_first(
    ends: Sequence[Thing], inputs_of: Callable[[Thing], Iterable[Thing]]
) -> list[Thing]:
    """What `ends` need and `ends` themselves, each after its inputs, the first inputs first."""
    order: dict[Thing, None] = {}
    waiting = [*reversed(ends)]
    while waiting:
        for source in inputs_of(waiting[-1]):
            if source not in order:
                waiting.append(source)
                break
        else:
            order[waiting.pop()] = None
    return list(order)
