from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import structs

from dse.errors import StudyError, UsageError
from dse.search import StudyFolder, load_study, run_search
from dse.search.warm_start import reusable, take_over
from dse.study.file_journal import FileJournal
from dse.study.journal import WARM
from dse.study.plan import make_plan
from dse.training.recipe import Recipe
from tests.search.fake_training import backend, worked
from tests.search.fixtures import Search

Make = Callable[..., Search]


@pytest.fixture()
def trace(tmp_path: Path) -> Path:
    return tmp_path / "trace"


@pytest.fixture()
def first(options: Make, trace: Path) -> Path:
    """A study of four trainings."""
    chosen = options(study="first")
    run_search(*chosen, backend(trace))
    return chosen.results / "first"


def test_another_target_costs_no_training(options: Make, trace: Path, first: Path) -> None:
    before = worked(trace)
    chosen = options(study="second", target="unlimited", budget=0, warm_from=(first,))
    report = run_search(*chosen, backend(trace))
    assert (report.reused, report.trained) == (4, 0)
    assert worked(trace) == before
    known = {entry.training for entry in load_study(first).entries}
    record = load_study(chosen.results / "second")
    assert {entry.training for entry in record.entries} == known
    assert {entry.outcome[WARM] for entry in record.entries} == {"first"}
    assert sum(row.seconds for row in record.rows if row.trial is not None) == 0


def test_the_budget_pays_for_new_trainings_only(options: Make, trace: Path, first: Path) -> None:
    report = run_search(*options(study="second", budget=2, warm_from=(first,)), backend(trace))
    assert (report.reused, report.trained) == (4, 2)
    trainings = [id for id, epoch, _ in worked(trace) if epoch == "1"]
    assert len(trainings) == len(set(trainings)) == 6


def test_files_come_along_so_that_a_design_can_be_exported(
    options: Make, trace: Path, first: Path
) -> None:
    chosen = options(study="second", budget=0, warm_from=(first,))
    run_search(*chosen, backend(trace))
    for folder in (first / "trainings").iterdir():
        copied = chosen.results / "second" / "trainings" / folder.name
        assert {one.name for one in copied.iterdir()} == {one.name for one in folder.iterdir()}


def test_measures_of_another_kind_of_file_are_left_behind(
    options: Make, trace: Path, first: Path, tmp_path: Path
) -> None:
    older = tmp_path / "older.toml"
    older.write_text('extends = "k210"\nkmodel_versions_written = [3, 4]\n')
    assert any(entry.measures for entry in load_study(first).entries)
    assert any(first.glob("trainings/A*/kmodel.json"))
    chosen = options(
        study="second", budget=0, target=str(older), measure_kmodels=False, warm_from=(first,)
    )
    run_search(*chosen, backend(trace))
    entries = load_study(chosen.results / "second").entries
    assert {entry.training.breakpoint for entry in entries} == {"A"}  # B is written in 5 alone
    assert not any(entry.measures for entry in entries)
    names = {one.name for one in (chosen.results / "second").glob("trainings/*/*")}
    assert "metrics.json" in names and "kmodel.json" not in names


def test_trainings_for_other_anchors_are_other_networks(
    options: Make, trace: Path, small_space: Path
) -> None:
    small_space.write_text(small_space.read_text() + 'head = ["25", "r5"]\n')
    chosen = options(study="boxes")
    run_search(*chosen, backend(trace))
    record = load_study(chosen.results / "boxes")
    settings = record.settings
    plan = make_plan(settings.search_space(), settings.make_target())
    assert len(reusable(record, settings, plan)) == len(record.entries)
    other = structs.replace(settings, anchors={"r5": {"96": [(50, 60)] * 5}})
    left = [entry.training.head for entry in reusable(record, other, plan)]
    assert set(left) == {"25"} and len(left) < len(record.entries)


def test_taking_over_twice_adds_nothing(options: Make, trace: Path, first: Path) -> None:
    chosen = options(study="second", budget=0, warm_from=(first,))
    run_search(*chosen, backend(trace))
    folder = StudyFolder.open(chosen.results / "second")
    settings = folder.settings()
    plan = make_plan(settings.search_space(), settings.make_target())
    record, journal = load_study(first), FileJournal(folder.journal, folder.name)
    assert take_over(reusable(record, settings, plan), record, folder, journal, plan) == 0


@pytest.mark.slow
def test_a_resume_does_not_need_the_other_study(options: Make, trace: Path, first: Path) -> None:
    run_search(*options(study="second", budget=1, warm_from=(first,)), backend(trace))
    first.rename(first.with_name("gone"))
    again = options(study="second", budget=2, resume=True, space=None)
    report = run_search(*again, backend(trace))
    assert (report.reused, report.trained) == (4, 2)


@pytest.mark.parametrize("unlike", ["recipe", "training_pictures"])
def test_trainings_that_were_done_otherwise_are_refused(
    options: Make, trace: Path, first: Path, unlike: str
) -> None:
    recipe = Recipe(epochs=9) if unlike == "recipe" else None
    trouble = "pictures" if unlike == "training_pictures" else ""
    chosen = options(study="second", warm_from=(first,), recipe=recipe)
    with pytest.raises(StudyError, match=f"its {unlike} is another"):
        run_search(*chosen, backend(trace, trouble=trouble))
    assert not (chosen.results / "second").exists()


def test_trainings_that_nobody_saw_on_the_chip_are_left_aside(
    options: Make, trace: Path, first: Path
) -> None:
    """Of the other formats the front's are looked at in the end."""
    record = load_study(first)
    settings = record.settings
    plan = make_plan(settings.search_space(), settings.make_target())
    whole, float_only, chip_only, _ = record.entries
    float_only.outcome["ap"].pop("kpu8")
    chip_only.outcome["ap"].pop("FP32")
    found = reusable(record, settings, plan)
    assert whole in found and chip_only in found and float_only not in found


def test_a_budget_of_nothing_needs_a_study_to_take_from() -> None:
    with pytest.raises(UsageError, match="--budget 0"):
        Search().changed(budget=0)
