"""One design of a study: what it costs, and what became of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

from dse.chips import Priced
from dse.columns import ChipColumns
from dse.space import Candidate, Training

__all__ = ["CandidateRow", "OutcomeRow"]


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """A candidate with its cost and verdict, as candidates.csv keeps it: bytes, ms, mJ.

    figures: what its chip alone tells, by the columns' names; file_bytes: the one of them that
    is the size of its file. The fields are in the order of the columns.
    """

    candidate: Candidate
    parameters: int
    macs: int
    file_bytes: int
    figures: Mapping[str, int]
    latency_ms: float
    latency_ms_low: float
    latency_ms_high: float
    energy_mj: float
    deployable: bool
    status: str
    reason: str
    layer: str
    message: str
    needed_bytes: int
    allowed_bytes: int

    @property
    def id(self) -> str:
        """The candidate's name."""
        return self.candidate.id

    @property
    def training(self) -> Training:
        """The candidate without its format."""
        return self.candidate.training

    @property
    def format(self) -> str:
        """The number format that it is deployed in."""
        return self.candidate.format

    @classmethod
    def of(cls, priced: Priced, chip: ChipColumns) -> CandidateRow:
        """The row of a priced candidate."""
        cost, verdict = priced.cost, priced.verdict
        known = cost.figures
        figures = {column.name: known[column.name] for column in chip.costs}
        return cls(
            priced.candidate,
            cost.parameters,
            cost.macs,
            figures[chip.size],
            figures,
            cost.latency_ms,
            cost.latency_ms_low,
            cost.latency_ms_high,
            cost.energy_mj,
            cost.deployable,
            verdict.status,
            verdict.reason,
            verdict.layer,
            verdict.message,
            verdict.needed_bytes,
            verdict.allowed_bytes,
        )


_PRICED = attrgetter(*(field.name for field in fields(CandidateRow)))


@dataclass(frozen=True, slots=True)
class OutcomeRow(CandidateRow):
    """A candidate and what became of it; what was not measured is NaN, or None for counts.

    state: "front", "dominated", "stopped", "failed" or "rejected". ap_low, ap_high: 95 % of
    resampled pictures. file_ap: AP of the file itself. seconds: 0 for a training taken over.
    ap_by_class: as of `Entry`.
    """

    state: str
    ap: float
    ap_low: float
    ap_high: float
    ap_square: float
    val_ap: float
    file_ap: float
    trial: int | None
    seconds: float
    epochs: int | None
    ap_by_class: Mapping[str, float]

    @property
    def weakest_class(self) -> str:
        """The class with the lowest AP; empty where there is one class."""
        return min(self.ap_by_class, key=self.ap_by_class.__getitem__, default="")

    @property
    def weakest_ap(self) -> float:
        """Its AP."""
        return min(self.ap_by_class.values(), default=math.nan)

    @classmethod
    def joined(cls, row: CandidateRow, **outcome: Any) -> OutcomeRow:
        """`row` with what became of it."""
        return cls(*_PRICED(row), **outcome)
