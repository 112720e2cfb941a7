"""Whether a target can hold a network, and if not: which limit, where, and by how much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from dse.chips.cost import Refusal, Use

__all__ = [
    "ACCEPTED",
    "FITS",
    "MISCOMPILED",
    "REFUSED",
    "REJECTED",
    "UNKNOWN",
    "Verdict",
    "refused",
    "too_much",
    "unknown",
]

ACCEPTED, REJECTED, REFUSED, UNKNOWN = "accepted", "rejected", "refused", "unknown"
MISCOMPILED = "miscompiled"
"""Of a compiled file alone: the compiler takes the network, and its file computes another."""


@dataclass(frozen=True)
class Verdict:
    """The decision on one network.

    status: "accepted"; "rejected" (too large, or not loaded); "refused" (the chip's compiler cannot
        compile it, or not rightly); or "unknown" (an operation that no rule covers).
    reason: stable key of the limit: the name of a pool, "compiler", "unsupported", or a reason of
        the chip's own; empty when accepted. limit: the same in words.
    layer: where the limit is passed. needed_bytes, allowed_bytes: zero where bytes are not it.
    instead: what to do about it, where that is known.
    """

    status: str
    reason: str = ""
    limit: str = ""
    layer: str = ""
    needed_bytes: int = 0
    allowed_bytes: int = 0
    message: str = ""
    instead: str = ""

    @property
    def accepted(self) -> bool:
        """The target can hold the network."""
        return self.status == ACCEPTED

    @property
    def excess(self) -> float:
        """By which part the limit is passed: 0.25 when a quarter too much; zero if it is not."""
        return self.needed_bytes / self.allowed_bytes - 1 if self.allowed_bytes else 0.0


FITS = Verdict(ACCEPTED)
"""One for all: a space has a hundred thousand of them."""


def too_much(use: Use) -> Verdict:
    """The rejection of a network that needs more of a pool than it may have."""
    pool, needed, allowed, layer = use
    message = (
        f"{pool.title}: {needed:,} bytes needed at {layer}, {allowed:,} allowed, "
        f"{needed - allowed:,} too many"
    )
    return Verdict(REJECTED, pool.name, pool.title, layer, needed, allowed, message)


def refused(refusals: Sequence[Refusal]) -> Verdict:
    """The compiler makes no file, or a file of another network: the first reason, and how many."""
    first, *others = refusals
    message = f"the compiler cannot: {first.operation} at {first.layer}: {first.why}"
    if others:
        count = Counter(one.operation for one in others)
        message += f" (and {', '.join(f'{n} more {op}' for op, n in count.items())})"
    return Verdict(
        REFUSED, "compiler", "compiler", first.layer, message=message, instead=first.instead
    )


def unknown(operations: Sequence[tuple[str, str]], compiler: bool = True) -> Verdict:
    """No rule covers some operations: which, how often, and where each comes first.

    compiler: there is one to ask.
    """
    first: dict[str, str] = {}
    for layer, op in operations:
        first.setdefault(op, layer)
    count = Counter(op for _, op in operations)
    listed = (f"'{op}' ({number}, first at {first[op]})" for op, number in count.items())
    message = f"no rule covers {', '.join(listed)}"
    message += ": ask the compiler with --compile" if compiler else ""
    return Verdict(UNKNOWN, "unsupported", "operations", operations[0][0], message=message)
