from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from dse.chips.k210.target import K210Target
from dse.errors import InvalidFile, NothingFeasible
from dse.space import SearchSpace
from dse.study.columns import study_columns
from dse.study.plan import candidates_csv, make_plan, read_candidates


def test_every_candidate_is_priced_and_only_what_fits_is_a_design(small_space: Path) -> None:
    space = SearchSpace.load(str(small_space))
    plan = make_plan(space, K210Target.load("k210"))
    assert [row.id for row in plan.rows] == [candidate.id for candidate in space]
    assert sum(plan.rejected.values()) + plan.feasible == len(plan.rows) == 32
    assert set(plan.rejected) <= {"kpu_memory", "main_memory"} and plan.rejected
    accepted = {row.training for row in plan.rows if row.status == "accepted" and row.deployable}
    assert {design.training for design in plan.designs} == accepted
    design = plan.designs[0]
    row = plan.deployable_row(design.training)
    assert row.format == "kpu8"
    assert (design.latency_ms, design.file_bytes) == (row.latency_ms, row.file_bytes)


def test_nothing_feasible_shows_what_comes_nearest(small_space: Path) -> None:
    tiny = replace(K210Target.load("k210"), kpu_memory_bytes=100_000)
    with pytest.raises(NothingFeasible, match="Nearest") as caught:
        make_plan(SearchSpace.load(str(small_space)), tiny)
    shown = str(caught.value).splitlines()[1:]
    assert len(shown) == 3 and all("-96-kpu8" in line for line in shown)
    assert caught.value.exit_code == 3 and caught.value.hint


def test_a_space_without_a_deployable_format_says_so(small_space: Path) -> None:
    space = replace(SearchSpace.load(str(small_space)), format=("FP32", "Q9"))
    with pytest.raises(NothingFeasible, match="accelerator") as caught:
        make_plan(space, K210Target.load("k210"))
    assert "kpu8" in caught.value.hint


def test_rows_survive_as_csv(small_space: Path, tmp_path: Path) -> None:
    plan = make_plan(SearchSpace.load(str(small_space)), K210Target.load("k210"))
    path = tmp_path / "candidates.csv"
    path.write_text(candidates_csv(plan.rows))
    assert list(read_candidates(path, study_columns())) == list(plan.rows)


def test_prices_of_before_there_were_heads_are_read(small_space: Path, tmp_path: Path) -> None:
    plan = make_plan(SearchSpace.load(str(small_space)), K210Target.load("k210"))
    rows = list(csv.reader(candidates_csv(plan.rows).splitlines()))
    place = rows[0].index("head")
    path = tmp_path / "candidates.csv"
    with path.open("w") as file:
        csv.writer(file).writerows([*row[:place], *row[place + 1 :]] for row in rows)
    assert list(read_candidates(path, study_columns())) == list(plan.rows)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("latency_ms,", "ms,", "columns must be"),
        (",kpu8,", ",kpu8,1,", "columns must be"),
        (",accepted,", ",approved,", "'approved' is no status"),
        (",A,63,", ",../../x,63,", "is no breakpoint"),
        (",kpu8,", ",../../x,", "is no format"),
        (",A,63,", ",A,many,", "many"),
        (",A,63,", f",A,{'9' * 5000},", ""),
        (",A,63,", f",A,{'9' * 30},", ""),
        (",A,63,0.35,", ",A,63,inf,", "'width' is no sensible number"),
        (",A,63,0.35,", ",A,63,nan,", "'width' is no sensible number"),
        (",A,63,", f",A,{'6' * (1 << 20)},", ""),
        ("candidate,", "\0,", ""),
    ],
)
def test_prices_of_another_shape_are_refused(
    small_space: Path, tmp_path: Path, old: str, new: str, words: str
) -> None:
    plan = make_plan(SearchSpace.load(str(small_space)), K210Target.load("k210"))
    text = candidates_csv(plan.rows)
    assert old in text
    path = tmp_path / "candidates.csv"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(InvalidFile, match=r"candidates\.csv(:\d+)?: ") as caught:
        read_candidates(path, study_columns())
    assert words in str(caught.value) and "priced again" in caught.value.hint


@pytest.mark.parametrize("content", [b"", b"candidate\n", b"\xff\xfe\n\xff\n"])
def test_prices_of_nothing_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "candidates.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidFile, match=r"candidates\.csv"):
        read_candidates(path, study_columns())
