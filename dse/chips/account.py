"""A network as it runs on a chip, layer by layer and step by step: what `dse explain` tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Account", "Buffers"]

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Buffers:
    """What lies in one memory, and when.

    name: the field is called `<name>_buffers`. title: for people. limit_bytes: what the buffers
    may take; limit: of what that is left, in words. peak_bytes: what they take.
    rows: layer, place (of what writes it), start_bytes, size_bytes, and the first and the last
    step at which it is needed, birth and death.
    """

    name: str
    title: str
    limit: str
    limit_bytes: int
    peak_bytes: int
    rows: Sequence[Row]


@dataclass(frozen=True)
class Account:
    """Rows of plain values, as `dse explain --json` prints them.

    layers: in order: layer, op, runs_on, shape, steps, parameters, macs, latency_ms with its band,
    share (its part of the whole time, 0..1) and why (it runs there, in words, or empty), and what
    the chip tells beside. steps: step, layer, op, place (a key of `Chip.places`), ms, and what the
    chip tells beside. memories: what is worth drawing, one above the other. figures: what
    the target allows, by the chip's own names. columns: what a table for a terminal tells of a
    layer beside time and place, heading -> field, bytes or a count.
    """

    layers: Sequence[Row]
    steps: Sequence[Row]
    memories: Sequence[Buffers]
    figures: Mapping[str, int]
    columns: Mapping[str, str]

    def as_dict(self) -> dict[str, Any]:
        """The fields that it adds to those of `dse check`."""
        buffers = {f"{one.name}_buffers": list(one.rows) for one in self.memories}
        return {**self.figures, "layers": list(self.layers), "steps": list(self.steps), **buffers}
