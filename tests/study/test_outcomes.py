from __future__ import annotations

import json
import math
from typing import Any

import pytest

from dse.space import Training
from dse.study.candidates import Candidates
from dse.study.columns import study_columns
from dse.study.journal import Entry
from dse.study.outcomes import (
    SearchReport,
    front_rows,
    hypervolume_share,
    hypervolume_shares,
    outcome_rows,
)
from dse.study.rows import CandidateRow
from tests.study.rows import candidate_row


def row(id: str, latency_ms: float, size: int, *, status: str = "accepted") -> CandidateRow:
    reason = "" if status == "accepted" else "kpu_memory"
    return candidate_row(id, latency_ms=latency_ms, size=size, status=status, reason=reason)


def entry(number: int, training: str, state: str, **outcome: Any) -> Entry:
    return Entry(number, Training.parse(training), state, outcome, elapsed_s=float(number))


ROWS = Candidates.of(study_columns(), [
    row("A63-a0.5-96-kpu8", 10.0, 100),
    row("A63-a0.5-96-FP32", 90.0, 400),
    row("A63-a0.5-128-kpu8", 20.0, 100),
    row("A98-a0.5-128-kpu8", 20.0, 100),
    row("B63-a0.5-128-kpu8", 40.0, 300),
    row("B98-a0.5-128-kpu8", 40.0, 300),
    row("C98-a0.5-320-kpu8", 90.0, 900, status="rejected"),
])  # fmt: skip


@pytest.fixture()
def entries() -> list[Entry]:
    return [
        entry(0, "A63-a0.5-96", "complete", ap={"kpu8": 0.6, "FP32": 0.61}, val_ap=0.5),
        entry(1, "A63-a0.5-128", "failed", error="gone"),
        entry(2, "A63-a0.5-128", "complete", ap={"kpu8": 0.7}, ap_interval={"kpu8": [0.66, 0.73]}),
        entry(3, "A98-a0.5-128", "complete", ap={"kpu8": 0.65}, ap_square={"kpu8": 0.3}),
        entry(4, "B63-a0.5-128", "stopped", val_ap=0.4),
        entry(5, "B98-a0.5-128", "running"),
    ]


def test_several_classes_have_a_weakest_one() -> None:
    each = {"kpu8": {"cat": 0.8, "dog": 0.4, "owl": None}}
    one = entry(0, "A63-a0.5-96", "complete", ap={"kpu8": 0.6, "FP32": 0.6}, ap_by_class=each)
    rows = {row.format: row for row in outcome_rows(ROWS, [one]) if row.trial == 0}
    assert rows["kpu8"].ap_by_class == {"cat": 0.8, "dog": 0.4}  # no owl was shown
    assert (rows["kpu8"].weakest_class, rows["kpu8"].weakest_ap) == ("dog", 0.4)
    assert rows["FP32"].weakest_class == "" and math.isnan(rows["FP32"].weakest_ap)


def test_a_format_that_nobody_looked_at_has_no_row() -> None:
    done = entry(0, "A63-a0.5-96", "complete", ap={"kpu8": 0.6})
    assert [row.format for row in outcome_rows(ROWS, [done]) if row.trial == 0] == ["kpu8"]
    failed = entry(0, "A63-a0.5-96", "failed", error="gone")
    assert {row.format for row in outcome_rows(ROWS, [failed]) if row.trial == 0} == {
        "kpu8",
        "FP32",
    }


def test_states(entries: list[Entry]) -> None:
    rows = {row.id: row for row in outcome_rows(ROWS, entries)}
    assert {id: row.state for id, row in rows.items()} == {
        "A63-a0.5-96-kpu8": "front",
        "A63-a0.5-96-FP32": "dominated",
        "A63-a0.5-128-kpu8": "front",
        "A98-a0.5-128-kpu8": "dominated",
        "B63-a0.5-128-kpu8": "stopped",
        "C98-a0.5-320-kpu8": "rejected",
    }
    assert rows["A63-a0.5-128-kpu8"].trial == 2
    assert rows["A98-a0.5-128-kpu8"].ap_square == 0.3
    measured = rows["A63-a0.5-128-kpu8"]
    assert (measured.ap_low, measured.ap_high) == (0.66, 0.73)
    assert math.isnan(rows["A98-a0.5-128-kpu8"].ap_low)
    assert math.isnan(rows["B63-a0.5-128-kpu8"].ap)
    assert rows["B63-a0.5-128-kpu8"].val_ap == 0.4
    assert rows["C98-a0.5-320-kpu8"].trial is None


def test_the_front_is_sorted_by_ap(entries: list[Entry]) -> None:
    front = front_rows(outcome_rows(ROWS, entries))
    assert [row.ap for row in front] == [0.7, 0.6]


def test_hypervolume_counts_deployable_candidates_only(entries: list[Entry]) -> None:
    """By hand, in the box 10..40 ms, 100..300 bytes: 0.6 at both best, 0.1 more half way up."""
    assert hypervolume_share(ROWS, entries) == pytest.approx(0.6 + 0.1 * 0.5)
    assert hypervolume_share(ROWS, []) == 0.0


def test_hypervolume_after_each_training_is_that_of_all_before(entries: list[Entry]) -> None:
    alone = [hypervolume_share(ROWS, entries[: count + 1]) for count in range(len(entries))]
    assert hypervolume_shares(ROWS, entries) == pytest.approx(alone)
    assert hypervolume_shares(Candidates.of(study_columns(), []), entries) == [0.0] * len(entries)


def test_report_is_json_with_the_promised_fields(entries: list[Entry]) -> None:
    report = SearchReport.of("mine", ROWS, entries, 12.34)
    table = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert list(table) == [
        "study",
        "seconds",
        "trained",
        "stopped_early",
        "failed",
        "reused",
        "audit",
        "rejected",
        "feasible",
        "hypervolume",
        "front",
    ]
    assert (table["trained"], table["stopped_early"], table["failed"]) == (3, 1, 1)
    assert table["rejected"] == {"kpu_memory": 1} and table["feasible"] == 6
    assert list(table["front"][0]) == [
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
    ]
    assert table["front"][0]["kmodel_ap"] is None
