"""The table in columns, against the rows that it was made of."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dse.chips import load_target, price_space
from dse.space import SearchSpace
from dse.study import candidates as module
from dse.study.candidates import Candidates, Row, deployable_rows, rejected_by_reason
from dse.study.plan import candidate_row


@pytest.fixture()
def rows(small_space: Path) -> list[Row]:
    space = replace(SearchSpace.load(str(small_space)), format=("FP32", "kpu8", "Q9"))
    return [candidate_row(priced) for priced in price_space(space, load_target("k210"))]


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_gives_the_rows_back_in_blocks_of_any_size(
    rows: list[Row], block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BLOCK", block)
    table = Candidates(iter(rows))
    assert len(table) == len(rows) == 48
    assert list(table) == rows and table[3:40:5] == rows[3:40:5]
    assert table[0] == rows[0] and table[-1] == rows[-1]
    for got, row in zip(table, rows, strict=True):
        assert list(got) == list(row)
        assert [type(value) for value in got.values()] == [type(value) for value in row.values()]
    with pytest.raises(IndexError):
        table[len(rows)]


def test_answers_as_the_rows_do(rows: list[Row]) -> None:
    table = Candidates(rows)
    accepted = [row["status"] == "accepted" for row in rows]
    assert table.are("status", "accepted").tolist() == accepted and not all(accepted)
    assert not table.are("status", "unheard of").any()
    assert table.numbers("parameters").tolist() == [row["parameters"] for row in rows]
    assert rejected_by_reason(table) == rejected_by_reason(rows) != {}
    assert table.verdicts() == Counter((row["status"], row["reason"]) for row in rows)
    assert dict(deployable_rows(table)) == deployable_rows(rows)


def test_the_smallest_of_several_deployable_candidates_stands_for_a_training(
    rows: list[Row],
) -> None:
    """Two formats that the chip runs: the smaller file is taken, whichever comes first."""
    generator = np.random.default_rng(0)
    several = [
        {**row, "status": "accepted", "deployable": row["format"] != "Q9",
         "kmodel_bytes": int(generator.integers(1, 4))}
        for row in rows
    ]  # fmt: skip
    assert dict(deployable_rows(Candidates(several))) == deployable_rows(several)


def test_a_table_of_nothing_is_empty() -> None:
    table = Candidates([])
    assert len(table) == 0 and list(table) == [] and table[:3] == []
