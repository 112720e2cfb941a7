"""Rows of a study that no cost model priced."""

from __future__ import annotations

from dse.space import Candidate
from dse.study.rows import CandidateRow, OutcomeRow

__all__ = ["candidate_row", "outcome_row"]

NAN = float("nan")


def candidate_row(
    id: str,
    *,
    latency_ms: float = 10.0,
    size: int = 100,
    status: str = "accepted",
    reason: str = "",
    deployable: bool | None = None,
) -> CandidateRow:
    """A candidate of these costs; only its order among others matters."""
    candidate = Candidate.parse(id)
    return CandidateRow(
        candidate=candidate,
        parameters=size,
        macs=1000 * size,
        file_bytes=size,
        figures={"kmodel_bytes": size, "main_memory_bytes": 2 * size, "peak_kpu_bytes": 5},
        latency_ms=latency_ms,
        latency_ms_low=0.8 * latency_ms,
        latency_ms_high=1.3 * latency_ms,
        energy_mj=0.3 * latency_ms,
        deployable=candidate.format == "kpu8" if deployable is None else deployable,
        status=status,
        reason=reason,
        layer="",
        message="",
        needed_bytes=0,
        allowed_bytes=0,
    )


def outcome_row(
    row: CandidateRow,
    *,
    state: str = "front",
    ap: float = NAN,
    ap_low: float = NAN,
    ap_high: float = NAN,
    file_ap: float = NAN,
    trial: int | None = None,
    ap_by_class: dict[str, float] | None = None,
) -> OutcomeRow:
    """What became of `row`; the rest was not measured."""
    return OutcomeRow.joined(
        row,
        state=state,
        ap=ap,
        ap_low=ap_low,
        ap_high=ap_high,
        ap_square=NAN,
        val_ap=NAN,
        file_ap=file_ap,
        trial=trial,
        seconds=NAN,
        epochs=None,
        ap_by_class=ap_by_class or {},
    )
