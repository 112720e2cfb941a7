"""Whose design a name means: the study's, or the package's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dse.designs import trained
from dse.designs.trained import SHIPPED, find_trained, shipped_design
from dse.errors import StudyError, UnknownName, UsageError, WeightsError
from dse.network.detector import detector_graph
from dse.search import run_search
from dse.space import Training
from tests.search.fixtures import Search
from tests.study.rows import candidate_row, outcome_row

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_weights_are_of_the_network_that_they_are_named_after(
    name: str, tmp_path: Path
) -> None:
    design = shipped_design(name, tmp_path)
    assert design is not None and design.candidate.id == f"{name}-kpu8"
    for layer in detector_graph(Training.parse(name)):
        if layer.op == "conv":
            assert design.weights[f"{layer.name}/kernel"].shape[-1] == layer.shape[2]
    assert all(np.isfinite(value).all() for value in design.weights.values())


def test_only_finished_detectors_are_shipped_designs(tmp_path: Path) -> None:
    for name in ("P5-a1-224", "P8-a1-256", "A98-a0.5-224", "best", "P5-a1-256-kpu9"):
        assert shipped_design(name, tmp_path) is None


def test_a_name_that_means_two_detectors_is_told_with_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [outcome_row(candidate_row("P5-a1-256-kpu8"), trial=0)]
    record: Any = SimpleNamespace(name="mine", rows=rows)
    monkeypatch.setattr(trained, "find_study", lambda results, study: tmp_path)
    monkeypatch.setattr(trained, "load_study", lambda path: record)
    monkeypatch.setattr(trained, "trained_design", lambda record, candidate: candidate.id)
    for name in ("P5-a1-256", "P5-a1-256-kpu8"):
        with pytest.raises(UsageError, match="means two detectors: that of study mine") as caught:
            find_trained(name, tmp_path)
        assert caught.value.hint == f"type shipped:{name} for the package's, or --study mine"
        found: Any = find_trained(name, tmp_path, "mine")
        assert found == "P5-a1-256-kpu8"
        assert find_trained(f"shipped:{name}", tmp_path).origin.startswith("dse's own")
    with pytest.raises(UnknownName, match="P5-a1-224"):
        find_trained("shipped:P5-a1-224", tmp_path)
    assert find_trained("P5-a0.5-256", tmp_path).origin.startswith("dse's own")
    with pytest.raises(UnknownName, match="Did you mean"):  # --study asks for that study alone
        find_trained("P5-a0.5-256", tmp_path, "mine")


def test_a_study_without_weights_leaves_the_name_to_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def left_out(*_: object) -> None:
        raise WeightsError("no trained weights")

    rows = [outcome_row(candidate_row("P5-a1-256-kpu8"), trial=0)]
    record: Any = SimpleNamespace(name="bare", rows=rows)
    monkeypatch.setattr(trained, "find_study", lambda results, study: tmp_path)
    monkeypatch.setattr(trained, "load_study", lambda path: record)
    monkeypatch.setattr(trained, "trained_design", left_out)
    assert find_trained("P5-a1-256", tmp_path).origin.startswith("dse's own")
    with pytest.raises(WeightsError):
        find_trained("P5-a1-256", tmp_path, "bare")


def test_without_a_study_other_names_say_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(StudyError) as caught:
        find_trained("best", tmp_path)
    assert "dse search" in caught.value.hint


def test_a_replay_says_that_it_has_no_weights(
    options: Callable[..., Search], recorded_table: Path
) -> None:
    how = options(budget=2, study="again", replay=recorded_table)
    run_search(*how)
    with pytest.raises(WeightsError, match="again is a replay of recorded trainings") as caught:
        find_trained("best", how.results, "again")
    assert "search of your own" in caught.value.hint
