"""Studies at a glance, and what made one, in words."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dse.study.facts import facts
from dse.study.folder import StudyFolder
from dse.study.listing import StudySummary, Unreadable, list_studies, summary
from dse.study.record import load_study


@pytest.fixture
def results(searched: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(searched / "results", tmp_path / "results"))


def test_a_study_in_a_line(results: Path) -> None:
    record = load_study(results / "whole")
    told = summary(record)
    deployable = [row for row in record.front if row.deployable]
    assert (told.study, told.target, told.trained) == ("whole", "k210", 8)
    assert told.ap == max(row.ap for row in deployable)
    assert told.best == deployable[0].id and told.latency_ms == deployable[0].latency_ms
    assert not told.searching and not told.replay
    with StudyFolder.open(results / "whole").lock():
        assert summary(record).searching


def test_weights_are_seen(results: Path) -> None:
    record = load_study(results / "whole")
    for file in (results / "whole").rglob("weights.npz"):
        file.unlink()
    assert not summary(record).weights
    (results / "whole" / "trainings" / "A63-a0.5-96").mkdir(parents=True, exist_ok=True)
    (results / "whole" / "trainings" / "A63-a0.5-96" / "weights.npz").touch()
    assert summary(record).weights


def test_a_broken_study_hides_no_other(results: Path) -> None:
    (results / "broken").mkdir()
    (results / "broken" / "study.toml").write_text("budget = = 3")
    broken, whole = list_studies(results)
    assert isinstance(whole, StudySummary) and whole.study == "whole"
    assert isinstance(broken, Unreadable) and broken.study == "broken"
    assert "study.toml" in broken.as_dict()["error"]


def test_what_made_it(results: Path) -> None:
    told = facts(load_study(results / "whole"))
    assert told["target"] == "k210"
    assert "16 trainings" not in told["space"] and "32 candidates" in told["space"]
    assert "7 pictures" in told["recipe"] and "budget 99, random" in told["search"]
    assert "replay of" not in told and told["created"]
