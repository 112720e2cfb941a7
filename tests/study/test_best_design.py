"""The design to ship: the cheapest that cannot be told from the best, by pairs where they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dse.errors import UnknownName
from dse.study.best_design import Choice, choose
from dse.study.resampled import write_resampled
from dse.study.rows import OutcomeRow
from tests.study.rows import candidate_row, outcome_row

LUCK = np.random.default_rng(5).normal(0, 0.03, 400)
"""What a draw of pictures does to every design alike."""


def _row(name: str, ap: float, ms: float, size: int, half: float = 0.06) -> OutcomeRow:
    row = candidate_row(f"{name}-kpu8", latency_ms=ms, size=size)
    return outcome_row(row, ap=ap, ap_low=ap - half, ap_high=ap + half, trial=0)


BEST = _row("P8-a1.5-256", 0.90, 10, 2000)
NEAR = _row("P5-a1-256", 0.89, 7, 900)
SMALL = _row("A63-a0.35-192", 0.885, 30, 170)
FAR = _row("P8-a0.5-128", 0.80, 1, 230)
ROWS = [BEST, NEAR, SMALL, FAR]


def _choose(
    path: Path, rows: list[OutcomeRow] = ROWS, prefer: str = "latency"
) -> Choice[OutcomeRow]:
    record: Any = SimpleNamespace(name="study", rows=rows, path=path)
    choice = choose(record, prefer)
    assert choice is not None
    return choice


def _draw(path: Path, row: OutcomeRow, own: float = 0.002) -> None:
    """Draws of `row` around its AP, the luck of the pictures common to all and some of its own."""
    folder = path / "trainings" / row.training.id
    folder.mkdir(parents=True)
    luck = np.random.default_rng(len(row.id)).normal(0, own, 400)
    write_resampled(folder, np.clip(row.ap + LUCK + luck, 0, 1))


@pytest.mark.parametrize(("prefer", "expected"), [("latency", NEAR), ("size", SMALL), ("ap", BEST)])
def test_by_interval_where_no_draws_were_kept(
    tmp_path: Path, prefer: str, expected: OutcomeRow
) -> None:
    choice = _choose(tmp_path, prefer=prefer)
    assert (choice.row, choice.best, choice.paired) == (expected, BEST, False)


def test_pairs_tell_apart_what_intervals_cannot(tmp_path: Path) -> None:
    for row in ROWS:
        _draw(tmp_path, row)
    choice = _choose(tmp_path)
    assert choice.row is BEST and choice.paired and len(choice.equals) == 1
    assert "paired bootstrap, 400 draws" in choice.words and "seed 0" in choice.words


def test_pairs_leave_what_they_cannot_tell(tmp_path: Path) -> None:
    for row, own in ((BEST, 0.002), (NEAR, 0.02), (SMALL, 0.002), (FAR, 0.02)):
        _draw(tmp_path, row, own)
    choice = _choose(tmp_path)
    assert choice.row is NEAR and choice.equals == [BEST, NEAR]
    assert "the highest: P8-a1.5-256-kpu8" in choice.words


def test_one_training_without_draws_is_judged_by_the_interval(tmp_path: Path) -> None:
    for row in (BEST, SMALL, FAR):
        _draw(tmp_path, row)
    choice = _choose(tmp_path)
    assert choice.row is NEAR and not choice.paired


def test_nothing_is_known_without_an_interval(tmp_path: Path) -> None:
    nothing = float("nan")
    bare = [replace(row, ap_low=nothing, ap_high=nothing) for row in ROWS]
    assert _choose(tmp_path, bare).row is bare[0]


def test_only_what_the_chip_runs_is_shipped(tmp_path: Path) -> None:
    other = outcome_row(candidate_row("A63-a1-96-FP32", latency_ms=1), ap=0.99)
    stopped = replace(FAR, state="stopped")
    assert _choose(tmp_path, [NEAR, other, stopped]).row is NEAR
    record: Any = SimpleNamespace(name="study", rows=[other], path=tmp_path)
    assert choose(record) is None
    with pytest.raises(UnknownName, match="preference"):
        choose(record, prefer="beauty")
