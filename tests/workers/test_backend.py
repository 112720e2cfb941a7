from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from dse.errors import StudyError, UnknownName
from dse.search import SearchRequest
from dse.space import SearchSpace
from dse.study.settings import StudySettings
from dse.workers.backend import backend_for, default_backend
from dse.workers.training_job import Job
from tests.search.fake_training import backend

SPACE = SearchSpace("s", ("A",), (63,), (0.35, 0.5), (96, 128), ("kpu8",))


def test_a_backend_that_can_do_all_leaves_the_space_as_it_is(tmp_path: Path) -> None:
    assert backend(tmp_path / "trace").offered(SPACE) is SPACE


def test_a_space_is_confined_to_what_a_backend_can_do(tmp_path: Path) -> None:
    some = replace(backend(tmp_path / "trace"), trainings=frozenset({"A63-a0.5-96", "B63-a1-96"}))
    assert [one.id for one in some.offered(SPACE).trainings()] == ["A63-a0.5-96"]
    none = replace(some, trainings=frozenset({"B63-a1-96"}))
    with pytest.raises(StudyError, match="no training of the space 's'"):
        none.offered(SPACE)


def test_the_job_is_that_of_the_study(
    study_settings: Callable[..., StudySettings], tmp_path: Path
) -> None:
    study = study_settings(data="synthetic:20", eval_data="synthetic:30", seed=3)
    job = default_backend().make_job(study, tmp_path)
    assert isinstance(job, Job)
    assert (job.data, job.eval_data, job.weights) == ("synthetic:20", "synthetic:30", "fake")
    assert job.recipe.seed == 3
    assert job.cache == str(tmp_path) and job.target == study.make_target()


def test_what_the_chip_cannot_run_is_looked_at_for_the_front_alone(
    study_settings: Callable[..., StudySettings], tmp_path: Path
) -> None:
    study = study_settings()
    every = study.search_space().format
    job = default_backend().make_job(study, tmp_path)
    assert job.formats == ("kpu8",) and set(job.front_formats) == set(every) - {"kpu8"} != set()
    job = default_backend().make_job(study_settings(measure_kmodels=False), tmp_path)
    assert (job.formats, job.front_formats) == (every, ())


def test_a_study_that_replays_asks_its_table(recorded_table: Path, tmp_path: Path) -> None:
    settings = SearchRequest(replay=recorded_table).settings()
    found = backend_for(settings)
    assert found.trainings is not None and len(found.trainings) == 8
    assert found.describe(settings)["starting_weights"] == {"source": "fake"}
    with pytest.raises(UnknownName):
        backend_for(structs.replace(settings, replay=str(tmp_path / "none.jsonl")))
