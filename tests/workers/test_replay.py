from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dse.errors import StudyError, UsageError
from dse.search import load_study, run_search
from dse.study.recorded import RecordedTable
from dse.training.recipe import Recipe
from dse.workers.replay import RecordedJob
from tests.search.fake_training import worked
from tests.search.fixtures import Search

Make = Callable[..., Search]


@pytest.fixture()
def table(recorded_table: Path) -> Path:
    """Every feasible training of the small space, as a file."""
    return recorded_table


def test_a_replay_finds_what_the_trainings_found(
    options: Make, table: Path, tmp_path: Path
) -> None:
    before = worked(tmp_path / "trace")
    replayed = run_search(*options(budget=99, study="again", replay=table))
    original = load_study(tmp_path / "results" / "whole").report()
    assert [row.id for row in replayed.front] == [row.id for row in original.front]
    assert replayed.hypervolume == pytest.approx(original.hypervolume, abs=1e-4)
    assert worked(tmp_path / "trace") == before, "nothing was trained"


def test_a_replayed_study_resumes_as_a_replay(options: Make, table: Path) -> None:
    run_search(*options(budget=2, study="again", replay=table))
    report = run_search(*options(budget=5, study="again", resume=True, space=None))
    assert report.trained == 5


def test_only_recorded_trainings_are_designs_of_a_replay(options: Make, table: Path) -> None:
    head, *rows = table.read_text().splitlines()
    table.write_text("\n".join([head, *rows[:3]]) + "\n")
    report = run_search(*options(budget=99, replay=table))
    assert report.trained == 3 and report.failed == 0


def test_a_hopeless_training_is_stopped_in_a_replay_too(options: Make, table: Path) -> None:
    report = run_search(*options(budget=99, replay=table, early_stopping=True))
    assert report.trained + report.stopped_early == 8 and report.stopped_early > 0


def test_another_recipe_is_refused_but_not_another_seed(options: Make, table: Path) -> None:
    with pytest.raises(UsageError, match="another recipe"):
        run_search(*options(replay=table, recipe=Recipe(epochs=3)))
    assert run_search(*options(replay=table, seed=3, recipe=Recipe(seed=3))).trained == 4


def test_a_space_without_a_recorded_training_is_refused(options: Make, table: Path) -> None:
    with pytest.raises(StudyError, match="no training of the space"):
        run_search(*options(replay=table, space="paper"))


def test_a_table_travels_with_its_job(table: Path, tmp_path: Path) -> None:
    job = RecordedJob(str(table))
    (file_set,) = job.file_sets().values()
    there = tmp_path / "there"
    there.mkdir()
    for name, content in file_set.batch(0):
        (there / name).write_bytes(content)
    moved = job.relocated(tmp_path / "cache", {"table": there})
    assert RecordedTable.load(Path(moved.table)).text() == table.read_text()
    assert moved != job


@pytest.mark.slow
def test_a_search_ends_when_nothing_is_expected_to_be_gained(
    options: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    table = Path(__file__).parents[2] / "results" / "recorded" / "k210.jsonl"
    chosen = {"budget": 86, "space": "k210_face", "replay": table, "proposer": "composite"}
    short = run_search(*options(**chosen, study="short", early_stopping=True))
    assert 20 < short.trained + short.stopped_early < 70
    assert "no design that is left is expected to add to the front" in capsys.readouterr().err
    whole = run_search(*options(**chosen, study="whole"))
    assert whole.trained == 86
    assert short.hypervolume > 0.99 * whole.hypervolume
