from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from dse.errors import StudyError, UnknownName, UsageError
from dse.schema import converted
from dse.study.options import SearchOptions, default_workers
from dse.study.settings import SearchSettings, plain
from dse.training.recipe import Recipe


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"budget": 0}, "--budget 0"),
        ({"budget": -1}, "--budget -1"),
        ({"workers": 0}, "--workers 0"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 99999999999999999999}, "seed is 9999"),
        ({"time_limit_s": 0.0}, "--time-limit 0"),
        ({"time_limit_s": float("nan")}, "--time-limit nan"),
        ({"ray_address": "ray://head:10001"}, "Ray Client"),
        ({"executor": "rai"}, "Did you mean 'ray'"),
        ({"proposer": "compsite"}, "Did you mean 'composite'"),
    ],
)
def test_nonsense_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        SearchOptions(**changes)
    assert caught.value.exit_code == 2 and caught.value.hint


def test_unknown_names_are_usage_errors() -> None:
    with pytest.raises(UnknownName):
        SearchOptions(proposer="tpx")


def test_defaults_are_filled_in_and_folders_made_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkdir("faces")
    options = SearchOptions(data="wider:faces", seed=7).with_defaults()
    assert options.data == options.eval_data == f"wider:{tmp_path}/faces"
    assert (options.budget, options.target, options.proposer) == (50, "k210", "composite")
    assert options.recipe == Recipe(seed=7)
    assert SearchOptions(data="synthetic:20").with_defaults().data == "synthetic:20"


def test_a_resumed_study_keeps_its_settings(tmp_path: Path) -> None:
    made = SearchOptions(
        budget=9, seed=3, weights_dir=tmp_path, recipe=Recipe(epochs=2)
    ).with_defaults()
    table = made.study_table()
    study = converted(plain(table), SearchSettings)
    again = SearchOptions(workers=2, resume=True).continuing(study)
    assert again.study_table() == table and again.workers == 2
    assert again.weights_dir == tmp_path and again.recipe == Recipe(epochs=2)
    assert SearchOptions(budget=20).continuing(study).budget == 20


def test_asking_a_study_for_something_else_is_refused() -> None:
    table = SearchOptions(seed=3).with_defaults().study_table()
    study = converted(plain(table), SearchSettings)
    SearchOptions(seed=3, data="synthetic").continuing(study)
    with pytest.raises(StudyError, match="seed = 3, not 4") as caught:
        SearchOptions(seed=4).continuing(study)
    assert "new study" in caught.value.hint


def test_workers() -> None:
    assert 1 <= default_workers() <= 8
