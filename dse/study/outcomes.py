"""Costs and outcomes joined: one row per candidate, its state, and the front among them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from dse.chips.verdict import ACCEPTED
from dse.pareto import MAXIMISE, Front, ObjectiveBox, front_mask
from dse.plain import plain
from dse.study.audit import StoppingAudit, audit
from dse.study.candidates import Candidates
from dse.study.columns import StudyColumns
from dse.study.journal import WARM, Entry, or_nan
from dse.study.rows import CandidateRow, OutcomeRow

__all__ = [
    "SearchReport",
    "front_of",
    "front_rows",
    "hypervolume_share",
    "hypervolume_shares",
    "outcome_rows",
]

NAN = math.nan


def outcome_rows(rows: Iterable[CandidateRow], entries: Sequence[Entry]) -> list[OutcomeRow]:
    """One row per candidate of a training that ended, and per refused candidate.

    A refused candidate keeps the AP that its training measured anyway; one in a format that was
    measured for the front alone has a row where it was. The front is over AP
    (up), latency and size (down) of every accepted candidate with a measured AP.
    """
    ended = {entry.training.id: entry for entry in entries if entry.state != "running"}
    named = ((row, ended.get(row.training.id)) for row in rows)
    told = [
        (row, _state(row, entry), _measured(row, entry))
        for row, entry in named
        if row.status != ACCEPTED or (entry and not _is_left_out(row, entry))
    ]
    rivals = [place for place, (_, state, _) in enumerate(told) if state == "dominated"]
    values = [(m["ap"], r.latency_ms, r.file_bytes) for r, _, m in map(told.__getitem__, rivals)]
    front = {rivals[at] for at in front_mask(values, MAXIMISE).nonzero()[0]}
    return [
        OutcomeRow.joined(row, state="front" if place in front else state, **measured)
        for place, (row, state, measured) in enumerate(told)
    ]


def front_rows(joined: Iterable[OutcomeRow]) -> list[OutcomeRow]:
    """The rows on the front, the best AP first."""
    front = [row for row in joined if row.state == "front"]
    return sorted(front, key=lambda row: (-row.ap, row.latency_ms, row.id))


def front_of(rows: Iterable[CandidateRow], entries: Sequence[Entry]) -> list[OutcomeRow]:
    """`front_rows` of `outcome_rows`, without a row for every refused candidate on the way."""
    ended = {entry.training.id for entry in entries if entry.state == "complete"}
    rivals = (row for row in rows if row.status == ACCEPTED and row.training.id in ended)
    return front_rows(outcome_rows(rivals, entries))


def hypervolume_share(rows: Candidates, entries: Iterable[Entry]) -> float:
    """Hypervolume of the complete trainings' deployable candidates, 0..1 of the study's box."""
    return [0.0, *hypervolume_shares(rows, entries)][-1]


def hypervolume_shares(rows: Candidates, entries: Iterable[Entry]) -> list[float]:
    """`hypervolume_share` after each of `entries`, in their order."""
    deployable = rows.deployable
    costs = [(row.latency_ms, row.file_bytes) for row in deployable.values()]
    box = ObjectiveBox.of_costs(costs) if costs else None
    front, share = Front(), 0.0
    shares: list[float] = []
    for entry in entries:
        row = deployable.get(entry.training.id) if entry.state == "complete" else None
        if row and box:
            point = (entry.ap(row.format), row.latency_ms, row.file_bytes)
            before = front.values
            share += box.gain(point, before) if front.add(point) else 0.0
        shares.append(share)
    return shares


@dataclass(frozen=True)
class SearchReport:
    """What a search found: the fields of `dse search --json`.

    seconds: search time, summed over interruptions. trained, stopped_early, failed: trainings;
    reused: those taken over from other studies. audit: of early stopping (`StoppingAudit`).
    rejected: candidates of the space by reason. feasible: candidates that fit. hypervolume:
    of the deployable designs, 0..1 of the box that the feasible ones span. columns: of `front`.
    """

    study: str
    seconds: float
    trained: int
    stopped_early: int
    failed: int
    reused: int
    audit: StoppingAudit
    rejected: dict[str, int]
    feasible: int
    hypervolume: float
    front: list[OutcomeRow]
    columns: StudyColumns = field(repr=False, compare=False)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; what was not measured is None."""
        told = {one.name: getattr(self, one.name) for one in fields(self) if one.compare}
        shown = self.columns.at("front")
        front = [{column.name: column.of(row) for column in shown} for row in self.front]
        found: dict[str, Any] = plain({**told, "audit": asdict(self.audit), "front": front})
        return found

    @classmethod
    def of(
        cls, study: str, rows: Candidates, entries: Sequence[Entry], seconds: float
    ) -> SearchReport:
        """The report of a study with these candidates and trials."""
        states = [entry.state for entry in entries]
        reused = sum(WARM in entry.outcome for entry in entries)
        return cls(
            study=study,
            seconds=round(seconds, 1),
            trained=states.count("complete") - reused,
            stopped_early=states.count("stopped"),
            failed=states.count("failed"),
            reused=reused,
            audit=audit(rows, entries),
            rejected=rows.rejected,
            feasible=len(rows) - sum(rows.rejected.values()),
            hypervolume=hypervolume_share(rows, entries),
            front=front_of(rows, entries),
            columns=rows.columns,
        )


def _is_left_out(row: CandidateRow, entry: Entry) -> bool:
    """Whether nobody looked at the AP of a finished training in the row's format."""
    return entry.state == "complete" and not row.deployable and math.isnan(entry.ap(row.format))


def _state(row: CandidateRow, entry: Entry | None) -> str:
    """Where a row stands before the front is known; every rival counts as dominated."""
    if row.status != ACCEPTED or entry is None:
        return "rejected"
    if entry.state != "complete":
        return entry.state
    return "failed" if math.isnan(entry.ap(row.format)) else "dominated"


def _measured(row: CandidateRow, entry: Entry | None) -> dict[str, Any]:
    """The fields that `OutcomeRow` adds, but for the state."""
    outcome = entry.outcome if entry else {}
    measured = (entry.measures or {}) if entry and row.deployable else {}
    squares = outcome.get("ap_square") or {}
    low, high = (outcome.get("ap_interval") or {}).get(row.format) or (NAN, NAN)
    return {
        "ap": entry.ap(row.format) if entry else NAN,
        "ap_low": low,
        "ap_high": high,
        "ap_square": or_nan(squares.get(row.format)),
        "val_ap": or_nan(outcome.get("val_ap")),
        "file_ap": or_nan(measured.get("kmodel_ap")),
        "trial": entry.number if entry else None,
        "seconds": 0.0 if WARM in outcome else or_nan(outcome.get("seconds")),
        "epochs": outcome.get("epochs"),
        "ap_by_class": entry.ap_by_class(row.format) if entry else {},
    }
