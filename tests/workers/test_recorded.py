from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dse.errors import FileError, InvalidFile, StudyError, UnknownName, UsageError
from dse.search import SearchOptions, load_study, run_search
from dse.space import Training
from dse.study.audit import BEATEN
from dse.training.recipe import Recipe
from dse.workers.recorded import RecordedJob, RecordedTable
from tests.search.fake_training import EPOCHS, final_ap, worked, workshop
from tests.search.fixtures import SMALL_SPACE, quick_options

Make = Callable[..., SearchOptions]


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a search that made every feasible training of the small space."""
    folder = tmp_path_factory.mktemp("searched")
    space = folder / "small.toml"
    space.write_text(SMALL_SPACE)
    chosen = quick_options(
        folder, space=str(space), budget=99, study="whole", recipe=Recipe(pictures=7)
    )
    run_search(chosen, workshop(folder / "trace"))
    table = RecordedTable.of(load_study(chosen.results / "whole")).text()
    (folder / "table.jsonl").write_text(table)
    return folder


@pytest.fixture()
def table(searched: Path, tmp_path: Path) -> Path:
    """Every feasible training of the small space, as a file, and the study that it is of."""
    shutil.copytree(searched, tmp_path, dirs_exist_ok=True)
    return tmp_path / "table.jsonl"


def test_a_table_is_read_as_it_was_written(table: Path) -> None:
    read = RecordedTable.load(table)
    assert len(read.outcomes) == 8 and read.recipe == Recipe(pictures=7)
    for id, outcome in read.outcomes.items():
        assert outcome.val_ap == pytest.approx(final_ap(Training.parse(id)), abs=0.02)
        assert [epoch.epoch for epoch in outcome.curve] == [*range(1, EPOCHS + 1)]
    assert read.text() == table.read_text()


def test_a_replay_finds_what_the_trainings_found(
    options: Make, table: Path, tmp_path: Path
) -> None:
    before = worked(tmp_path / "trace")
    replayed = run_search(options(budget=99, study="again", replay=table))
    original = load_study(tmp_path / "results" / "whole").report()
    assert [row.id for row in replayed.front] == [row.id for row in original.front]
    assert replayed.hypervolume == pytest.approx(original.hypervolume, abs=1e-4)
    assert worked(tmp_path / "trace") == before, "nothing was trained"


def test_a_replayed_study_resumes_as_a_replay(options: Make, table: Path) -> None:
    run_search(options(budget=2, study="again", replay=table))
    report = run_search(options(budget=5, study="again", resume=True, space=None))
    assert report.trained == 5


def test_only_recorded_trainings_are_designs_of_a_replay(options: Make, table: Path) -> None:
    head, *rows = table.read_text().splitlines()
    table.write_text("\n".join([head, *rows[:3]]) + "\n")
    report = run_search(options(budget=99, replay=table))
    assert report.trained == 3 and report.failed == 0


def test_a_hopeless_training_is_stopped_in_a_replay_too(options: Make, table: Path) -> None:
    report = run_search(options(budget=99, replay=table, early_stopping=True))
    assert report.trained + report.stopped_early == 8 and report.stopped_early > 0


def test_another_recipe_is_refused_but_not_another_seed(options: Make, table: Path) -> None:
    with pytest.raises(UsageError, match="another recipe"):
        run_search(options(replay=table, recipe=Recipe(epochs=3)))
    assert run_search(options(replay=table, seed=3, recipe=Recipe(seed=3))).trained == 4


def test_a_space_without_a_recorded_training_is_refused(options: Make, table: Path) -> None:
    with pytest.raises(StudyError, match="no training of the space"):
        run_search(options(replay=table, space="paper"))


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
    run_search(chosen, workshop(tmp_path / "trace"))
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


def test_a_table_travels_with_its_job(table: Path, tmp_path: Path) -> None:
    job = RecordedJob(str(table))
    (parcel,) = job.parcels().values()
    there = tmp_path / "there"
    there.mkdir()
    for name, content in parcel.batch(0):
        (there / name).write_bytes(content)
    moved = job.moved(tmp_path / "cache", {"table": there})
    assert RecordedTable.load(Path(moved.table)).text() == table.read_text()
    assert moved != job


@pytest.mark.slow
def test_a_search_ends_when_nothing_is_expected_to_be_gained(
    options: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    table = Path(__file__).parents[2] / "results" / "recorded" / "k210.jsonl"
    chosen = {"budget": 86, "space": "k210_face", "replay": table, "proposer": "composite"}
    short = run_search(options(**chosen, study="short", early_stopping=True))
    assert 20 < short.trained + short.stopped_early < 70
    assert "no design that is left is expected to add to the front" in capsys.readouterr().err
    whole = run_search(options(**chosen, study="whole"))
    assert whole.trained == 86
    assert short.hypervolume > 0.99 * whole.hypervolume


def test_what_a_search_noted_beside_an_outcome_is_not_recorded(
    options: Make, table: Path, tmp_path: Path
) -> None:
    record = load_study(tmp_path / "results" / "whole")
    for entry in record.entries:
        entry.outcome[BEATEN] = {"epoch": 2, "bound": 0.5, "by": "A63-a0.5-96"}
    assert RecordedTable.of(record).text() == table.read_text()
