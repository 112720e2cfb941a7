from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dse.chips import load_target
from dse.errors import StudyError
from dse.search import SearchRequest
from dse.space import SearchSpace
from dse.study.folder import StudyFolder
from dse.study.provenance import check_unchanged, make_settings, shared_settings
from dse.study.settings import PICTURES, StudySettings

Make = Callable[..., StudySettings]
ABOUT: dict[str, Any] = {
    **{part: {"source": "fake:here", "checksum": "a"} for part in PICTURES},
    "starting_weights": {"source": "x"},
}


def test_space_and_target_come_back_from_the_file(small_space: Path, tmp_path: Path) -> None:
    space, target = SearchSpace.load(str(small_space)), load_target("k210")
    folder = StudyFolder.create(tmp_path / "results", None, target.name)
    options = SearchRequest(space=str(small_space)).settings()
    folder.write_settings(make_settings(options, space, target, ABOUT))
    settings = folder.settings()
    assert settings.search_space() == space
    assert settings.make_target() == target
    assert SearchRequest().continuing(settings.search) == options


def test_other_pictures_are_refused_and_other_weights_are_not(study_settings: Make) -> None:
    settings = study_settings()
    same = {**ABOUT, **{part: {"checksum": "same"} for part in PICTURES}}
    check_unchanged(settings, same)
    check_unchanged(settings, {**same, "starting_weights": {"source": "y"}})
    with pytest.raises(StudyError, match="training_pictures"):
        check_unchanged(settings, {**same, "training_pictures": {"checksum": "b"}})


def test_drivers_of_a_study_may_keep_their_pictures_in_different_places(small_space: Path) -> None:
    space, target = SearchSpace.load(str(small_space)), load_target("k210")

    def shared(data: str, checksum: str = "a", seed: int = 0) -> dict[str, Any]:
        search = SearchRequest(data=data, seed=seed, weights_dir=Path(data)).settings()
        pictures = {"source": data, "checksum": checksum}
        weights = {"source": f"dir:{data}"}
        about = {**dict.fromkeys(PICTURES, pictures), "starting_weights": weights}
        return shared_settings(make_settings(search, space, target, about))

    assert shared("wider:/here") == shared("wider:/there")
    for other in (shared("fddb:/here"), shared("wider:/here", "b"), shared("wider:/here", seed=1)):
        assert other != shared("wider:/here")


def test_a_password_stays_out_of_the_file(small_space: Path) -> None:
    space, target = SearchSpace.load(str(small_space)), load_target("k210")
    url = "postgresql+psycopg://me:secret@host/db"
    command = ("dse", "search", "--storage", url)
    search = SearchRequest().settings()
    settings = make_settings(search, space, target, ABOUT, command=command, storage=url)
    assert "secret" not in str(settings)
    assert settings.shared and settings.shared.storage == "postgresql+psycopg://me:***@host/db"
    assert settings.command.endswith("me:***@host/db")
