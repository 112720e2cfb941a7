"""What to change in a network, and what it would cost then: recomputed, not guessed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dse.chips.cost import Cost, Use
from dse.chips.verdict import ACCEPTED, Verdict
from dse.text_table import bytes_text

__all__ = ["MUCH_GAIN", "Advice", "Judged", "worth_it"]

LEAST_GAIN = 0.05
"""Of the time, or of a memory: less is not worth a training."""

MUCH_GAIN = 0.25
"""From which on `dse check`, which tells one change, looks for no other."""


@dataclass(frozen=True)
class Judged:
    """A network's cost, what it needs of each memory, and the verdict."""

    cost: Cost
    uses: tuple[Use, ...]
    verdict: Verdict

    def __str__(self) -> str:
        if not self.cost.is_priced:
            return self.verdict.status
        needs = [f"{bytes_text(use.needed_bytes)} of {use.pool.short}" for use in self.uses]
        return f"{self.verdict.status}, {', '.join(needs)}, {self.cost.latency_ms:.0f} ms"

    def as_dict(self) -> dict[str, Any]:
        """As plain values; no figures where not all is known."""
        known = self.cost.is_priced
        return {
            "verdict": self.verdict.status,
            "latency_ms": self.cost.latency_ms if known else None,
            **{name: value if known else None for name, value in self.cost.figures.items()},
        }


@dataclass(frozen=True)
class Advice:
    """One change. cause: what it mends, a stable key. why: in words. layers: where. keras, pytorch:
    a line of each. before, after: what the network costs as it is, and changed."""

    cause: str
    why: str
    layers: tuple[str, ...]
    keras: str
    pytorch: str
    before: Judged
    after: Judged

    @property
    def gain(self) -> float:
        """The larger the better: a verdict mended counts more than any time saved."""
        mended = self.after.verdict.accepted - self.before.verdict.accepted
        if not self.before.cost.is_priced:
            return 10.0 * mended
        saved = [1 - self.after.cost.latency_ms / self.before.cost.latency_ms]
        pairs = zip(self.before.uses, self.after.uses, strict=True)
        saved += [1 - new.needed_bytes / old.needed_bytes for old, new in pairs if old.needed_bytes]
        return 10.0 * mended + max(saved[0], 0.0) + max(saved)

    def __str__(self) -> str:
        where = ", ".join(self.layers[:3]) + (", ..." if len(self.layers) > 3 else "")
        return (
            f"{self.why} ({where})\n"
            f"  now:     {self.before}\n"
            f"  without: {self.after}\n"
            f"  Keras:   {self.keras}\n"
            f"  PyTorch: {self.pytorch}"
        )

    def as_dict(self) -> dict[str, Any]:
        """An entry of the field `advice` of `dse explain --json`."""
        return {
            "cause": self.cause,
            "why": self.why,
            "layers": list(self.layers),
            "keras": self.keras,
            "pytorch": self.pytorch,
            "before": self.before.as_dict(),
            "after": self.after.as_dict(),
        }


def worth_it(found: Sequence[Advice]) -> list[Advice]:
    """Those that gain something without losing the verdict, the best first."""
    useful = [
        one
        for one in found
        if one.after.cost.is_priced
        and one.gain >= LEAST_GAIN
        and (one.after.verdict.accepted or one.before.verdict.status != ACCEPTED)
    ]
    return sorted(useful, key=lambda one: -one.gain)
