"""study.toml: the committed one, older ones, and those of somebody who made them up."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomli
import tomli_w

from dse.chips.k210.target import K210Target
from dse.errors import DseError, FileError, InvalidFile, StudyError
from dse.search import load_study
from dse.space import SearchSpace
from dse.study.settings import PICTURES, StudySettings, target_from

REFERENCE = Path(__file__).parents[2] / "results" / "reference" / "study.toml"
TABLE: dict[str, Any] = tomli.loads(REFERENCE.read_text())


def settings_with(path: Path, *place: str, value: Any = None) -> StudySettings:
    """The reference's settings with something else at `place`; None: nothing."""
    table = tomli.loads(REFERENCE.read_text())
    inner = table
    for key in place[:-1]:
        inner = inner[key]
    if value is None:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    (path / "study.toml").write_text(tomli_w.dumps(table))
    return StudySettings.load(path / "study.toml")


def test_the_committed_study_is_read() -> None:
    settings = StudySettings.load(REFERENCE)
    assert (settings.search.budget, settings.search.proposer) == (14, "composite")
    assert settings.recipe.epochs == 6 and settings.recipe.pictures is None
    assert settings.training_pictures.boxes == 12889  # faces, in that older file
    assert settings.search_space().format[0] == "kpu8"
    assert settings.make_target().toolchain == "nncase 1.9.0.20230322"
    named = {part: dict(TABLE[part]) for part in PICTURES}
    for pictures in named.values():
        pictures["boxes"] = pictures.pop("faces")
    assert settings.table == {**TABLE, **named}


def test_boxes_are_read_by_todays_name(tmp_path: Path) -> None:
    pictures = {"source": "voc:DIR", "boxes": 12}
    settings = settings_with(tmp_path, "evaluation_pictures", value=pictures)
    assert settings.evaluation_pictures.boxes == 12
    assert settings.table["evaluation_pictures"] == pictures


@pytest.mark.parametrize("key", ["budget", "proposer", "early_stopping", "measure_kmodels"])
def test_what_older_studies_lack_is_what_was_so_then(tmp_path: Path, key: str) -> None:
    settings = settings_with(tmp_path, "search", key)
    assert getattr(settings.search, key) in (50, "composite", True)


def test_what_nobody_knows_is_kept(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, "search", "later", value={"a": 1})
    assert settings.table["search"]["later"] == {"a": 1}


WRONG = [
    (("search",), None), (("search",), 3), (("search", "recipe"), None), (("search", "recipe"), []),
    (("search", "eval_data"), None), (("search", "budget"), "many"), (("search", "budget"), -1),
    (("search", "seed"), 2**40), (("search", "seed"), 1.5), (("search", "data"), ["a"]),
    (("search", "early_stopping"), "yes"), (("search", "replay"), 3),
    (("search", "warm_from"), "x"),
    (("search", "recipe", "epochs"), "six"), (("search", "recipe", "epochs"), -1),
    (("search", "recipe", "learning_rate"), "x"), (("search", "recipe", "loss"), "mine"),
    (("search", "recipe", "seed"), -1), (("search", "recipe", "pictures"), 0),
    (("training_pictures",), None), (("training_pictures",), "x"),
    (("training_pictures", "source"), None), (("training_pictures", "source"), 3),
    (("training_pictures", "checksum"), 3), (("training_pictures", "skipped"), [1]),
    (("evaluation_pictures", "faces"), -1), (("starting_weights",), None),
    (("starting_weights", "source"), False), (("space",), None), (("space",), "k210_face"),
    (("target",), None), (("target",), "k210"), (("target", "kpu_memory_bytes"), "2 MB"),
    (("target", "kpu_clock_hz"), 0), (("target", "title"), "\x1b[31m"),
    (("target", "cpu_cycles_per_mac"), [3, 2, 1]), (("versions",), "new"),
    (("versions", "python"), 3), (("created",), 3), (("command",), ["dse"]),
    (("shared",), 3), (("shared",), {"storage": 3, "driver": "x"}), (("shared",), {"storage": "x"}),
]  # fmt: skip


@pytest.mark.parametrize(("place", "value"), WRONG)
def test_a_wrong_field_is_named_with_its_file(
    tmp_path: Path, place: tuple[str, ...], value: object
) -> None:
    with pytest.raises(InvalidFile) as caught:
        settings_with(tmp_path, *place, value=value)
    assert "study.toml: " in str(caught.value) and (
        place[0] in str(caught.value) or place[-1] in str(caught.value)
    )
    assert "start a new study" in caught.value.hint


@pytest.mark.parametrize(
    "axes",
    [{}, {"breakpoint": ["../../x"]}, {"width": [0.36]}, {"input_size": "96"}, {"more": [1]}],
)
def test_a_space_that_this_version_does_not_know_is_refused_where_it_is_needed(
    tmp_path: Path, axes: dict[str, Any]
) -> None:
    space = {**TABLE["space"], **axes} if axes else {"name": "empty"}
    settings = settings_with(tmp_path, "space", value=space)
    with pytest.raises(StudyError, match="another version of dse"):
        settings.search_space()


@pytest.mark.parametrize("table", [{"name": "k210", "sockets": 2}, {**TABLE["target"], "name": 3}])
def test_a_target_of_another_version_is_refused(table: dict[str, Any]) -> None:
    with pytest.raises(StudyError, match="another version"):
        target_from(table)


def test_space_and_target_are_those_of_their_files(
    study_settings: Callable[..., StudySettings],
) -> None:
    settings = study_settings("paper", "k210-sdk")
    assert settings.search_space() == SearchSpace.load("paper")
    assert settings.make_target() == K210Target.load("k210-sdk")


@pytest.mark.parametrize("name", ["study.toml", "journal.log", "candidates.csv"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_pipe_or_folder_in_the_place_of_a_file_is_refused(
    tmp_path: Path, name: str, make: Callable[[Path], None]
) -> None:
    (tmp_path / "study.toml").write_bytes(REFERENCE.read_bytes())
    (tmp_path / name).unlink(missing_ok=True)
    make(tmp_path / name)
    with pytest.raises(FileError, match="not a regular file"):
        load_study(tmp_path)


def test_every_wrong_study_ends_in_an_error_that_the_command_line_tells(tmp_path: Path) -> None:
    for content in (b"", b"\xff", b"\x00", b"search = 3", b"a = " + b"[" * 10_000):
        (tmp_path / "study.toml").write_bytes(content)
        with pytest.raises(DseError):
            load_study(tmp_path)
