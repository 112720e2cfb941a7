"""The table in columns, against the rows that it was made of."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dse.canvas import Canvas
from dse.chips import load_target, price_space
from dse.errors import InvalidFile
from dse.space import SearchSpace
from dse.study import candidates as module
from dse.study.candidates import Candidates
from dse.study.columns import study_columns
from dse.study.plan import candidates_csv, make_plan, read_candidates
from dse.study.rows import CandidateRow

COLUMNS = study_columns()


@pytest.fixture()
def rows(small_space: Path) -> list[CandidateRow]:
    space = replace(SearchSpace.load(str(small_space)), format=("FP32", "kpu8", "Q9"))
    priced = price_space(space, load_target("k210"))
    return [CandidateRow.of(one, COLUMNS.chip) for one in priced]


def test_inputs_of_any_shape_are_kept_and_read_back(small_space: Path, tmp_path: Path) -> None:
    space = replace(SearchSpace.load(str(small_space)), input_size=(96, "128x96"))
    plan = make_plan(space, load_target("k210"))
    path = tmp_path / "candidates.csv"
    path.write_text(candidates_csv(plan.rows))
    found = read_candidates(path, COLUMNS)
    assert list(found) == list(plan.rows)
    assert {row.training.input_size for row in found} == {96, "128x96"}
    path.write_text(path.read_text().replace(",128x96,25,", ",../../x,25,"))
    with pytest.raises(InvalidFile):
        read_candidates(path, COLUMNS)


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_gives_the_rows_back_in_blocks_of_any_size(
    rows: list[CandidateRow], block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BLOCK", block)
    table = Candidates.of(COLUMNS, iter(rows))
    assert len(table) == len(rows) == 48
    assert list(table) == rows and table[3:40:5] == rows[3:40:5]
    assert table[0] == rows[0] and table[-1] == rows[-1]
    for got, row in zip(table, rows, strict=True):
        for column in COLUMNS.at("candidates"):
            kind = int if column.kind is Canvas else column.kind  # all are square
            assert type(column.of(got)) is type(column.of(row)) is kind
    with pytest.raises(IndexError):
        table[len(rows)]


def test_lines_hold_the_columns_of_each_row(rows: list[CandidateRow]) -> None:
    shown = COLUMNS.at("candidates")
    lines = list(Candidates.of(COLUMNS, rows).lines())
    assert lines == [[column.of(row) for column in shown] for row in rows]


def test_a_frame_holds_the_columns_that_are_asked_for(rows: list[CandidateRow]) -> None:
    shown = COLUMNS.at("space")
    frame = Candidates.of(COLUMNS, rows).frame(shown)
    assert list(frame.columns) == [column.name for column in shown]
    told = frame.to_dict("list")
    assert told == {column.name: [column.of(row) for row in rows] for column in shown}


def test_answers_as_the_rows_do(rows: list[CandidateRow]) -> None:
    table = Candidates.of(COLUMNS, rows)
    accepted = [row.status == "accepted" for row in rows]
    assert table.are("status", "accepted").tolist() == accepted and not all(accepted)
    assert not table.are("status", "unheard of").any()
    assert table.numbers("parameters").tolist() == [row.parameters for row in rows]
    reasons = Counter(row.reason for row in rows if row.status != "accepted")
    assert table.rejected == dict(reasons) != {}
    assert list(table.rejected.values()) == sorted(reasons.values(), reverse=True)


def test_the_smallest_of_several_deployable_candidates_stands_for_a_training(
    rows: list[CandidateRow],
) -> None:
    """Two formats that the chip runs: the smaller file is taken, whichever comes first."""
    sizes = np.random.default_rng(0).integers(1, 4, len(rows)).tolist()
    several = [
        replace(row, status="accepted", deployable=row.format != "Q9", file_bytes=size,
                figures={**row.figures, "kmodel_bytes": size})
        for row, size in zip(rows, sizes, strict=True)
    ]  # fmt: skip
    found = Candidates.of(COLUMNS, several).deployable
    assert set(found) == {row.training.id for row in several}
    for id, row in found.items():
        rivals = [one for one in several if one.training.id == id and one.deployable]
        assert row == min(rivals, key=lambda one: one.file_bytes) and len(rivals) == 2


def test_a_table_of_nothing_is_empty() -> None:
    table = Candidates.of(COLUMNS, [])
    assert len(table) == 0 and list(table) == [] and table[:3] == []
    assert table.rejected == {} and dict(table.deployable) == {}


def test_a_row_cannot_be_changed(rows: list[CandidateRow]) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        rows[0].latency_ms = 0.0  # type: ignore[misc]
    assert not hasattr(rows[0], "__dict__")
