"""Costs and outcomes joined: one row per candidate, its state, and the front among them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dse.pareto import MAXIMISE, Front, ObjectiveBox, front_mask
from dse.plain import plain
from dse.study.audit import StoppingAudit, audit
from dse.study.candidates import Row, deployable_rows, rejected_by_reason
from dse.study.journal import WARM, Entry, or_nan

__all__ = [
    "SearchReport",
    "front_of",
    "front_rows",
    "hypervolume_share",
    "hypervolume_shares",
    "outcome_rows",
]

NAN = math.nan

FRONT_FIELDS = (
    "candidate",
    "ap",
    "ap_low",
    "ap_high",
    "kmodel_ap",
    "latency_ms",
    "latency_ms_low",
    "latency_ms_high",
    "kmodel_bytes",
    "main_memory_bytes",
    "peak_kpu_bytes",
    "deployable",
)


def outcome_rows(rows: Sequence[Row], entries: Sequence[Entry]) -> list[Row]:
    """One row per candidate of a training that ended, and per refused candidate.

    Adds to each row of the plan: state ("front", "dominated", "stopped", "failed",
    "rejected"), ap, ap_low, ap_high (95 % of resampled pictures), ap_square, val_ap,
    kmodel_ap, trial, seconds (0 for a training taken over), epochs. What was not measured is
    NaN, or None for `trial` and `epochs`. A refused candidate keeps the AP that its training
    measured anyway. The front is over AP (up), latency and size (down) of every accepted
    candidate with a measured AP.
    """
    ended = {entry.training.id: entry for entry in entries if entry.state != "running"}
    joined = [
        {**row, **_measured(row, ended.get(row["training"])), "state": _state(row, ended)}
        for row in rows
        if row["training"] in ended or row["status"] != "accepted"
    ]
    rivals = [row for row in joined if row["state"] == "dominated"]
    values = [(row["ap"], row["latency_ms"], row["kmodel_bytes"]) for row in rivals]
    for row, on_front in zip(rivals, front_mask(values, MAXIMISE), strict=True):
        row["state"] = "front" if on_front else "dominated"
    return joined


def front_rows(joined: Iterable[Row]) -> list[Row]:
    """The rows on the front, the best AP first."""
    front = [row for row in joined if row["state"] == "front"]
    return sorted(front, key=lambda row: (-row["ap"], row["latency_ms"], row["candidate"]))


def front_of(rows: Sequence[Row], entries: Sequence[Entry]) -> list[Row]:
    """`front_rows` of `outcome_rows`, without a row for every refused candidate on the way."""
    ended = {entry.training.id for entry in entries if entry.state == "complete"}
    rivals = (row for row in rows if row["status"] == "accepted" and row["training"] in ended)
    return front_rows(outcome_rows(list(rivals), entries))


def hypervolume_share(rows: Sequence[Row], entries: Iterable[Entry]) -> float:
    """Hypervolume of the complete trainings' deployable candidates, 0..1 of the study's box."""
    return [0.0, *hypervolume_shares(rows, entries)][-1]


def hypervolume_shares(rows: Sequence[Row], entries: Iterable[Entry]) -> list[float]:
    """`hypervolume_share` after each of `entries`, in their order."""
    deployable = deployable_rows(rows)
    box = ObjectiveBox.around(map(_Cost, deployable.values())) if deployable else None
    front, share = Front(), 0.0
    shares: list[float] = []
    for entry in entries:
        row = deployable.get(entry.training.id) if entry.state == "complete" else None
        if row and box:
            point = (entry.ap(row["format"]), row["latency_ms"], row["kmodel_bytes"])
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
    of the deployable designs, 0..1 of the box that the feasible ones span.
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
    front: list[dict[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; what was not measured is None."""
        found: dict[str, Any] = plain(asdict(self))
        return found

    @classmethod
    def of(
        cls, study: str, rows: Sequence[Row], entries: Sequence[Entry], seconds: float
    ) -> SearchReport:
        """The report of a study with these candidates and trials."""
        states = [entry.state for entry in entries]
        reused = sum(WARM in entry.outcome for entry in entries)
        rejected = rejected_by_reason(rows)
        return cls(
            study=study,
            seconds=round(seconds, 1),
            trained=states.count("complete") - reused,
            stopped_early=states.count("stopped"),
            failed=states.count("failed"),
            reused=reused,
            audit=audit(rows, entries),
            rejected=rejected,
            feasible=len(rows) - sum(rejected.values()),
            hypervolume=hypervolume_share(rows, entries),
            front=[{name: row[name] for name in FRONT_FIELDS} for row in front_of(rows, entries)],
        )


class _Cost:
    """A row's cost, as `ObjectiveBox` reads it."""

    def __init__(self, row: Row) -> None:
        self.latency_ms: float = row["latency_ms"]
        self.kmodel_bytes: int = row["kmodel_bytes"]


def _state(row: Row, ended: dict[str, Entry]) -> str:
    """Where a row stands before the front is known; every rival counts as dominated."""
    if row["status"] != "accepted":
        return "rejected"
    entry = ended[row["training"]]
    if entry.state != "complete":
        return entry.state
    return "failed" if math.isnan(entry.ap(row["format"])) else "dominated"


def _measured(row: Row, entry: Entry | None) -> Row:
    outcome = entry.outcome if entry else {}
    kmodel = (entry.kmodel or {}) if entry and row["deployable"] else {}
    squares = outcome.get("ap_square") or {}
    low, high = (outcome.get("ap_interval") or {}).get(row["format"]) or (NAN, NAN)
    return {
        "ap": entry.ap(row["format"]) if entry else NAN,
        "ap_low": low,
        "ap_high": high,
        "ap_square": or_nan(squares.get(row["format"])),
        "val_ap": or_nan(outcome.get("val_ap")),
        "kmodel_ap": or_nan(kmodel.get("kmodel_ap")),
        "trial": entry.number if entry else None,
        "seconds": 0.0 if WARM in outcome else or_nan(outcome.get("seconds")),
        "epochs": outcome.get("epochs"),
    }
