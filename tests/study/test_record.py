from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dse.errors import CorruptJournal, InvalidFile, StudyError, UnknownName
from dse.search import load_study, run_search
from dse.study.columns import study_columns
from tests.search.fake_training import EPOCHS, backend
from tests.search.fixtures import Search

Make = Callable[..., Search]


@pytest.fixture()
def study(options: Make, tmp_path: Path) -> Path:
    run_search(*options(budget=4, seed=3), backend(tmp_path / "trace"))
    return options().results / "k210-001"


def test_the_frame_has_a_row_per_candidate_of_interest(study: Path) -> None:
    record = load_study(study)
    frame = record.frame()
    assert list(frame.columns) == study_columns().names("frame")
    assert frame["candidate"].is_unique
    assert set(frame["state"]) <= {"front", "dominated", "rejected"}
    trained = frame[frame["trial"].notna()]
    assert trained["training"].nunique() == 4 and set(trained["format"]) == {"kpu8", "FP32"}
    refused = frame[frame["state"] == "rejected"]
    assert len(refused) == sum(record.report().rejected.values())
    assert (refused["message"].str.len() > 0).all()
    front = frame[frame["state"] == "front"]
    assert front["ap"].notna().all() and front.loc[front["deployable"], "kmodel_ap"].notna().all()
    assert frame["deployable"].dtype == bool


def test_curves_and_history(study: Path) -> None:
    record = load_study(study)
    assert len(record.curves) == 4
    for curve in record.curves.values():
        assert list(curve.columns) == ["epoch", "loss", "val_ap", "seconds"]
        assert list(curve["epoch"]) == list(range(1, EPOCHS + 1))
    history = record.history
    assert list(history.columns) == ["trial", "elapsed_s", "hypervolume"]
    assert len(history) == 4
    assert history["hypervolume"].is_monotonic_increasing
    assert history["elapsed_s"].is_monotonic_increasing
    assert history["hypervolume"].iloc[-1] == pytest.approx(record.report().hypervolume)


def test_a_precision_recall_curve_is_read_when_it_is_asked_for(study: Path) -> None:
    record = load_study(study)
    training = record.entries[0].training
    folder = study / "trainings" / training.id
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "precision_recall_FP32.csv").write_text("recall,precision,score\n0.5,1.0,0.9\n")
    (folder / "precision_recall_kpu8.csv").write_text("")  # whoever reads it fails
    curves = record.precision_recall
    assert list(curves) == [f"{training.id}-kpu8", f"{training.id}-FP32"]
    assert f"{training.id}-Q9" not in curves and curves.get("A98-a1-96-Q9") is None
    read = curves[f"{training.id}-FP32"].to_dict("list")
    assert read == {"recall": [0.5], "precision": [1.0], "score": [0.9]}
    with pytest.raises(InvalidFile, match=r"precision_recall_kpu8\.csv: no curve"):
        _ = curves[f"{training.id}-kpu8"]


@pytest.mark.parametrize(
    "content", [b"a,b\n1,2\n", b"recall,precision,score\nx,y,z\n", b"\0" * 100, b"\xff\xfe"]
)
def test_a_curve_of_another_shape_is_refused(study: Path, content: bytes) -> None:
    training = load_study(study).entries[0].training
    file = study / "trainings" / training.id / "precision_recall_FP32.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    with pytest.raises(InvalidFile, match=r"precision_recall_FP32\.csv: no curve"):
        _ = load_study(study).precision_recall[f"{training.id}-FP32"]


def test_the_report_is_the_one_the_search_gave(options: Make, tmp_path: Path) -> None:
    report = run_search(*options(), backend(tmp_path / "trace")).as_dict()
    again = load_study(options().results / report["study"]).report().as_dict()
    assert again.pop("seconds") <= report.pop("seconds") + 0.1
    assert again == report


def test_prices_lost_to_a_kill_are_made_again(study: Path) -> None:
    before = load_study(study).candidates
    (study / "candidates.csv").unlink()
    assert list(load_study(study).candidates) == list(before)


def test_a_study_without_a_journal_yet_is_empty(study: Path) -> None:
    (study / "journal.log").unlink()
    record = load_study(study)
    assert record.entries == [] and record.curves == {} and record.history.empty
    assert set(record.frame()["state"]) == {"rejected"} and record.front == []


@pytest.mark.parametrize("chip", ['"abacus"', '["k210"]', "3"])
def test_a_study_for_a_chip_that_nobody_knows_is_refused(study: Path, chip: str) -> None:
    settings = study / "study.toml"
    text = settings.read_text()
    assert 'chip = "k210"' in text
    settings.write_text(text.replace('chip = "k210"', f"chip = {chip}"))
    with pytest.raises(StudyError, match="does not know") as caught:
        load_study(study)
    assert "study.toml" in caught.value.hint


def test_what_cannot_be_read_is_named(study: Path) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'k210-001'"):
        load_study(study.parent / "k210-01")
    journal = study / "journal.log"
    journal.write_bytes(b"nonsense\n" + journal.read_bytes())
    with pytest.raises(CorruptJournal, match=r"journal\.log:1"):
        load_study(study)
