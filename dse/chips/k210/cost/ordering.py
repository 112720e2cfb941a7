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
    waiting = [(end, iter(inputs_of(end))) for end in reversed(ends)]
    while waiting:
        one, sources = waiting[-1]
        for source in sources:
            if source not in order:
                waiting.append((source, iter(inputs_of(source))))
                break
        else:
            order[one] = None
            waiting.pop()
    return list(order)
