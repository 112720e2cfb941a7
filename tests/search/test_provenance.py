from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dse.cost import Target
from dse.errors import StudyError
from dse.search.options import SearchOptions
from dse.search.provenance import (
    check_unchanged,
    make_settings,
    shared_settings,
    space_from,
    target_from,
)
from dse.search.study import StudyFolder
from dse.space import SearchSpace


def test_space_and_target_come_back_from_the_file(small_space: Path, tmp_path: Path) -> None:
    space, target = SearchSpace.load(str(small_space)), Target.load("k210")
    folder = StudyFolder.create(tmp_path / "results", None, target.name)
    options = SearchOptions(space=str(small_space)).with_defaults()
    folder.write_settings(make_settings(options, space, target, {"training_pictures": {}}))
    settings = folder.settings()
    assert space_from(settings["space"]) == space
    assert target_from(settings["target"]) == target
    assert SearchOptions().continuing(settings["search"]) == options


def test_a_target_of_another_version_is_refused() -> None:
    with pytest.raises(StudyError, match="another version"):
        target_from({"name": "k210", "sockets": 2})


def test_other_pictures_are_refused_and_other_weights_are_not() -> None:
    settings = {"training_pictures": {"checksum": "a"}, "starting_weights": {"source": "x"}}
    check_unchanged(settings, {"training_pictures": {"checksum": "a"}})
    check_unchanged(settings, {"starting_weights": {"source": "y"}})
    with pytest.raises(StudyError, match="training_pictures"):
        check_unchanged(settings, {"training_pictures": {"checksum": "b"}})


def test_drivers_of_a_study_may_keep_their_pictures_in_different_places(small_space: Path) -> None:
    space, target = SearchSpace.load(str(small_space)), Target.load("k210")

    def shared(data: str, checksum: str = "a", seed: int = 0) -> dict[str, Any]:
        options = SearchOptions(data=data, seed=seed, weights_dir=Path(data), study="ours")
        pictures = {"source": data, "checksum": checksum}
        about = {"training_pictures": pictures, "starting_weights": {"source": f"dir:{data}"}}
        return shared_settings(make_settings(options.with_defaults(), space, target, about))

    assert shared("wider:/here") == shared("wider:/there")
    for other in (shared("fddb:/here"), shared("wider:/here", "b"), shared("wider:/here", seed=1)):
        assert other != shared("wider:/here")


def test_a_password_stays_out_of_the_file(small_space: Path) -> None:
    space, target = SearchSpace.load(str(small_space)), Target.load("k210")
    url = "postgresql+psycopg://me:secret@host/db"
    command = ("dse", "search", "--storage", url)
    options = SearchOptions(storage=url, study="ours", command=command).with_defaults()
    settings = make_settings(options, space, target, {})
    assert "secret" not in str(settings)
    assert settings["shared"]["storage"] == "postgresql+psycopg://me:***@host/db"
    assert settings["command"].endswith("me:***@host/db")
