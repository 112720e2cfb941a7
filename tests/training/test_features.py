"""Features are what the frozen layers answer, are computed once, and survive interruption."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import dse.training.features as features_module
from dse.data.pictures import DataSet, Picture
from dse.errors import DataError, StudyError
from dse.files import disk_full
from dse.network.arrays import Weights, normalised
from dse.network.detector import detector_graph, frozen_layers
from dse.network.keras_model import boundary, build, get_weights, set_weights
from dse.space import Training
from dse.training.features import are_worth_storing, frozen_features
from dse.training.views import ViewSet
from tests.process_limits import no_file_larger_than

pytestmark = pytest.mark.slow

TRAINING = Training("A", 98, 0.35, 96)
GRAPH = detector_graph(TRAINING)
EDGE = boundary(GRAPH, frozen_layers(GRAPH, TRAINING))


@pytest.fixture(scope="module")
def weights() -> Weights:
    return get_weights(build(GRAPH))


def test_features_are_the_frozen_layers_answers(
    patterns: DataSet, weights: Weights, tmp_path: Path
) -> None:
    views = ViewSet(patterns, 96, 2, seed=1)
    found = frozen_features(GRAPH, EDGE, weights, views, tmp_path)
    prefix = build(GRAPH, targets=EDGE)
    set_weights(prefix, weights)
    canvases = np.stack([view.canvas for view in views.iterate()])
    expected = prefix.predict(normalised(canvases), verbose=0)
    assert len(found.labels) == len(views) == 96
    np.testing.assert_allclose(found.tensors[0], expected, atol=2e-3, rtol=2e-3)


def test_features_are_computed_once(
    patterns: DataSet, weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    views = ViewSet(patterns, 96, 1, seed=0)
    first = frozen_features(GRAPH, EDGE, weights, views, tmp_path)
    monkeypatch.setattr(features_module, "_compute", None)
    again = frozen_features(GRAPH, EDGE, weights, views, tmp_path)
    np.testing.assert_array_equal(first.tensors[0], again.tensors[0])
    np.testing.assert_array_equal(first.labels[5][0], again.labels[5][0])


def test_a_cache_that_takes_nothing_says_which_to_change(
    patterns: DataSet, weights: Weights, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    views = ViewSet(patterns, 96, 1, seed=0)
    with pytest.raises(StudyError, match=r"features cannot be kept: .*Not a directory") as caught:
        frozen_features(GRAPH, EDGE, weights, views, tmp_path / "file")
    assert "DSE_CACHE" in caught.value.hint
    with no_file_larger_than(0), pytest.raises(StudyError, match="too large") as caught:
        frozen_features(GRAPH, EDGE, weights, views, tmp_path)
    assert disk_full(caught.value)


def test_an_interrupted_computation_goes_on(
    patterns: DataSet, weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    views = ViewSet(patterns, 96, 1, seed=0)
    whole = frozen_features(GRAPH, EDGE, weights, views, tmp_path / "whole")
    monkeypatch.setattr(features_module, "CHUNK", 8)

    class Killed(BaseException):
        """Stands for SIGKILL: nothing may catch it."""

    def dies(view_set: ViewSet, start: int = 0):  # type: ignore[no-untyped-def]
        for number, view in enumerate(ViewSet.iterate(view_set, start), start=start):
            if number == 35:
                raise Killed
            yield view

    with monkeypatch.context() as patch:
        patch.setattr("dse.training.features._stream", dies)
        with pytest.raises(Killed):
            frozen_features(GRAPH, EDGE, weights, views, tmp_path / "cut")
    resumed = frozen_features(GRAPH, EDGE, weights, views, tmp_path / "cut")
    np.testing.assert_allclose(resumed.tensors[0], whole.tensors[0], atol=2e-3, rtol=2e-3)
    assert len(resumed.labels) == len(views)


def test_a_broken_picture_keeps_its_number(patterns: DataSet) -> None:
    def broken() -> np.ndarray:
        raise DataError("gone")

    pictures = list(patterns.pictures)
    pictures[3] = Picture("broken", pictures[3].boxes, broken)
    views = list(ViewSet(DataSet("x", tuple(pictures)), 96, 2, seed=0).iterate())
    assert len(views) == 96
    assert len(views[6].boxes) == 0
    np.testing.assert_array_equal(views[8].boxes, pictures[4].boxes)


def test_views_can_start_anywhere(patterns: DataSet) -> None:
    views = ViewSet(patterns, 64, 3, seed=5)
    every = list(views.iterate())
    late = list(views.iterate(start=50))
    assert len(late) == len(every) - 50
    np.testing.assert_array_equal(late[0].canvas, every[50].canvas)


@pytest.mark.parametrize(
    ("name", "stored"), [("P3-a1-256", False), ("P5-a1-256", True), ("A63-a0.35-96", True)]
)
def test_only_what_takes_a_share_of_the_work_is_stored(name: str, stored: bool) -> None:
    training = Training.parse(name)
    graph = detector_graph(training)
    assert are_worth_storing(graph, frozen_layers(graph, training)) is stored
