"""A design as a search sees it before anything is trained: its cost, which is known exactly."""

from __future__ import annotations

from dataclasses import dataclass

from dse.space import Training

__all__ = ["Design"]


@dataclass(frozen=True)
class Design:
    """A feasible training and the cost of its deployable candidate."""

    training: Training
    latency_ms: float
    file_bytes: int
