from __future__ import annotations

from pathlib import Path

import pytest

from dse.cost import Target
from dse.errors import StudyError
from dse.search.options import SearchOptions
from dse.search.provenance import check_unchanged, make_settings, space_from, target_from
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
