from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from dse.errors import StudyError, UnknownName, UsageError
from dse.schema import converted
from dse.search import SearchRequest
from dse.study.settings import SearchSettings, plain
from dse.training.recipe import Recipe


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"budget": 0}, "--budget 0"),
        ({"budget": -1}, "--budget -1"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 99999999999999999999}, "seed is 9999"),
        ({"proposer": "compsite"}, "Did you mean 'composite'"),
    ],
)
def test_nonsense_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        SearchRequest(**changes)
    assert caught.value.exit_code == 2 and caught.value.hint


def test_unknown_names_are_usage_errors() -> None:
    with pytest.raises(UnknownName):
        SearchRequest(proposer="tpx")


def test_defaults_are_filled_in_and_folders_made_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkdir("faces")
    request = SearchRequest(
        data="wider:faces", seed=7, weights_dir=Path("mine"), warm_from=(Path("other"),)
    )
    settings = request.settings()
    assert settings.data == settings.eval_data == f"wider:{tmp_path}/faces"
    assert (settings.budget, settings.target, settings.proposer) == (50, "k210", "composite")
    assert settings.recipe == Recipe(seed=7)
    assert settings.weights_dir == f"{tmp_path}/mine" and settings.warm_from == (
        f"{tmp_path}/other",
    )
    assert SearchRequest(data="synthetic:20").settings().eval_data == "synthetic:20"
    assert request.continuing(settings) == settings


def test_a_resumed_study_keeps_its_settings(tmp_path: Path) -> None:
    made = SearchRequest(budget=9, seed=3, weights_dir=tmp_path, recipe=Recipe(epochs=2))
    settings = made.settings()
    study = converted(plain(settings.as_table()), SearchSettings)
    assert study == settings
    assert SearchRequest().continuing(study) == settings
    again = SearchRequest(budget=20).continuing(study)
    assert again.budget == 20 and again.recipe == Recipe(epochs=2)


def test_asking_a_study_for_something_else_is_refused() -> None:
    study = SearchRequest(seed=3).settings()
    SearchRequest(seed=3, data="synthetic").continuing(study)
    with pytest.raises(StudyError, match="seed = 3, not 4") as caught:
        SearchRequest(seed=4).continuing(study)
    assert "new study" in caught.value.hint
