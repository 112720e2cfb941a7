"""Which design of a study "best" is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dse.designs.selection import AtMost, choose_best, choose_design, parse_limit
from dse.errors import NothingFeasible, UnknownName, UsageError
from dse.study.columns import study_columns
from dse.study.rows import OutcomeRow
from tests.study.rows import candidate_row, outcome_row


def _row(name: str, ap: float, ms: float, kilobytes: int, state: str = "front") -> OutcomeRow:
    row = candidate_row(name, latency_ms=ms, size=kilobytes * 1000)
    return outcome_row(
        row, state=state, ap=ap, ap_low=ap - 0.02, ap_high=ap + 0.02, trial=kilobytes
    )


ROWS = [
    _row("A98-a0.5-224-kpu8", 0.90, 70, 280),
    _row("A98-a0.35-160-kpu8", 0.89, 28, 180),
    _row("A98-a0.35-96-kpu8", 0.70, 11, 170),
    _row("A63-a1-96-FP32", 0.95, 30, 900),
    _row("B98-a1-96-kpu8", 0.99, 10, 100, state="rejected"),
]
RECORD: Any = SimpleNamespace(
    name="study", rows=ROWS, columns=study_columns(), path=Path("a study without draws")
)


@pytest.mark.parametrize(
    ("limits", "prefer", "expected"),
    [
        ((), "ap", "A98-a0.5-224"),
        ((), "latency", "A98-a0.35-160"),
        ((), "size", "A98-a0.35-160"),
        ((AtMost("latency_ms", 20),), "ap", "A98-a0.35-96"),
        ((AtMost("kmodel_bytes", 200_000),), "ap", "A98-a0.35-160"),
    ],
)
def test_best_is_deployable_within_limits(
    limits: tuple[AtMost, ...], prefer: str, expected: str
) -> None:
    assert choose_design(RECORD, "best", limits, prefer).training.id == expected


def test_the_kmodels_own_ap_counts_where_it_was_measured() -> None:
    rows = [replace(ROWS[0], file_ap=0.5), ROWS[1]]
    record: Any = SimpleNamespace(name="study", rows=rows, path=RECORD.path)
    assert choose_design(record, "best", prefer="ap").training.id == "A98-a0.35-160"


def test_best_is_said_with_its_reason() -> None:
    words = choose_best(RECORD).words
    assert words.startswith("A98-a0.35-160-kpu8, AP 0.890") and "fastest of 2" in words
    assert "the highest: A98-a0.5-224-kpu8, AP 0.900" in words and "--prefer ap" in words
    assert "A98-a0.35-96" in choose_best(RECORD, [AtMost("latency_ms", 20)]).words


@pytest.mark.parametrize("wanted", ["A98-a0.35-96-kpu8", "A98-a0.35-96", "170"])
def test_a_design_by_name_or_number(wanted: str) -> None:
    assert choose_design(RECORD, wanted).training.id == "A98-a0.35-96"


def test_what_was_not_trained_gets_a_suggestion() -> None:
    with pytest.raises(UnknownName, match="Did you mean"):
        choose_design(RECORD, "A98-a0.35-97-kpu8")


def test_impossible_limits_say_what_there_is() -> None:
    with pytest.raises(NothingFeasible) as caught:
        choose_design(RECORD, "best", [AtMost("latency_ms", 1)])
    assert "11" in caught.value.hint


def test_a_limit_on_a_cost_of_another_chip_is_refused() -> None:
    with pytest.raises(UnknownName, match="arena_bytes") as caught:
        choose_design(RECORD, "best", [AtMost("arena_bytes", 1)])
    assert "main_memory_bytes" in caught.value.hint


@pytest.mark.parametrize(("text", "kind"), [("speed=3", UnknownName), ("latency_ms=x", UsageError)])
def test_limits_are_checked(text: str, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        parse_limit(text)
    assert parse_limit("latency_ms=60") == AtMost("latency_ms", 60)


@pytest.mark.parametrize("number", ["1e999", "inf", "nan", "-1", "", "9" * 5000, "\x1b[31m"])
def test_a_limit_that_limits_nothing_is_refused(number: str) -> None:
    with pytest.raises(UsageError, match="no number from 0 on") as caught:
        parse_limit(f"latency_ms={number}")
    assert len(str(caught.value)) < 200 and str(caught.value).isprintable()
