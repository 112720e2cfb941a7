from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dse.errors import FileError, InvalidFile, StudyError, UnknownName
from dse.search import load_study, run_search
from dse.space import Training
from dse.study.audit import BEATEN
from dse.study.recorded import RecordedTable
from dse.training.recipe import Recipe
from tests.search.fake_training import EPOCHS, backend, final_ap
from tests.search.fixtures import Search

Make = Callable[..., Search]


@pytest.fixture()
def table(recorded_table: Path) -> Path:
    """Every feasible training of the small space, as a file."""
    return recorded_table


def test_a_table_is_read_as_it_was_written(table: Path) -> None:
    read = RecordedTable.load(table)
    assert len(read.outcomes) == 8 and read.recipe == Recipe(pictures=7, epochs=6)
    for id, outcome in read.outcomes.items():
        assert outcome.val_ap == pytest.approx(final_ap(Training.parse(id)), abs=0.02)
        assert [epoch.epoch for epoch in outcome.curve] == [*range(1, EPOCHS + 1)]
    assert read.text() == table.read_text()


@pytest.mark.parametrize("damage", ["{", '{"training_id": "A63-a0.5-96"}', "[]"])
def test_a_damaged_line_is_named(table: Path, damage: str) -> None:
    lines = table.read_text().splitlines()
    lines[2] = damage
    table.write_text("\n".join(lines))
    with pytest.raises(InvalidFile, match=r"table\.jsonl:3: not a line of a table"):
        RecordedTable.load(table)


ROW = {
    "training_id": "A63-a0.5-96", "epochs": 1, "stopped": False, "seconds": 1.0, "val_ap": 0.1,
    "ap": {"kpu8": 0.5}, "ap_square": {}, "curve": [[1, 1, 0.1, 0.1, 1.0]],
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [{"training_id": "../../x"}, {"training_id": "A063-a0.50-96"}, {"training_id": 3}, {"curve": 3},
     {"curve": [[1, 2]]}, {"ap": []}, {"curve": [[0, 0, 0.1, 0.1, 1.0]]},
     {"seconds": float("inf")}, {"epochs": 10**30}, {"ap": {"kpu8": "x"}}],
)  # fmt: skip
def test_a_training_that_somebody_made_up_is_refused(table: Path, change: dict[str, Any]) -> None:
    head = table.read_text().splitlines()[0]
    table.write_text(f"{head}\n{json.dumps(ROW)}\n")
    assert list(RecordedTable.load(table).outcomes) == ["A63-a0.5-96"]
    table.write_text(f"{head}\n{json.dumps({**ROW, **change})}\n")
    with pytest.raises(InvalidFile, match=r"table\.jsonl:2: not a line of a table"):
        RecordedTable.load(table)


@pytest.mark.parametrize(
    "content", ["", "\n", "hello", "[]\n[]", "3", "[" * 100_000, "9" * 5000, '{"recipe": 3}', "\0"]
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "none.jsonl"
    path.write_text(content)
    with pytest.raises(InvalidFile, match=r"none\.jsonl") as caught:
        RecordedTable.load(path)
    assert "results/recorded" in caught.value.hint


def test_a_table_without_a_training_is_refused(table: Path) -> None:
    table.write_text(table.read_text().splitlines()[0])
    with pytest.raises(InvalidFile, match="no training in it"):
        RecordedTable.load(table)


def test_a_folder_pipe_or_impossible_name_is_no_table(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (tmp_path, pipe):
        with pytest.raises(FileError, match="not a regular file"):
            RecordedTable.load(path)
    with pytest.raises(UnknownName):
        RecordedTable.load(Path("x" * 5000))


def test_a_missing_table_is_an_unknown_name(tmp_path: Path) -> None:
    with pytest.raises(UnknownName):
        RecordedTable.load(tmp_path / "none.jsonl")


def test_studies_that_differ_make_no_table(options: Make, table: Path, tmp_path: Path) -> None:
    chosen = options(budget=1, study="other", recipe=Recipe(pictures=8))
    run_search(*chosen, backend(tmp_path / "trace"))
    other = RecordedTable.of(load_study(chosen.results / "other"))
    with pytest.raises(StudyError, match="other has other recipe than table"):
        RecordedTable.joined({"table": RecordedTable.load(table), "other": other})


def test_a_table_grows_by_the_trainings_of_another(table: Path) -> None:
    whole = RecordedTable.load(table)
    first, *rest = sorted(whole.outcomes)
    ended = replace(whole.outcomes[rest[0]], val_ap=0.125)
    one = replace(whole, outcomes={first: whole.outcomes[first], rest[0]: ended})
    others = replace(whole, outcomes={id: whole.outcomes[id] for id in rest})
    assert RecordedTable.joined({"one": one, "others": others}) == whole
    again = RecordedTable.joined({"others": others, "one": one}).outcomes
    assert again[rest[0]].val_ap == 0.125
    with pytest.raises(StudyError, match="no finished training"):
        RecordedTable.joined({"none": replace(whole, outcomes={})})


def test_a_table_names_no_folder(options: Make, tmp_path: Path, table: Path) -> None:
    record = load_study(tmp_path / "results" / "whole")
    record.settings.table["training_pictures"]["source"] = f"wider:{tmp_path}/faces"
    head = json.loads(RecordedTable.of(record).text().splitlines()[0])
    assert head["training_pictures"]["source"] == "wider:faces"


def test_what_a_search_noted_beside_an_outcome_is_not_recorded(
    options: Make, table: Path, tmp_path: Path
) -> None:
    record = load_study(tmp_path / "results" / "whole")
    for entry in record.entries:
        entry.outcome[BEATEN] = {"epoch": 2, "bound": 0.5, "by": "A63-a0.5-96"}
    assert RecordedTable.of(record).text() == table.read_text()
