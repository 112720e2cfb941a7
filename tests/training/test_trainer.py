"""Training learns, stops when told to, and goes on from its checkpoint as if never killed."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dse.data.pictures import DataSet
from dse.errors import Diverged
from dse.network.detector import detector_graph, frozen_layers
from dse.network.keras_model import boundary, build, get_weights, set_weights
from dse.space import Training
from dse.training import EpochReport, Recipe
from dse.training.features import Features, frozen_features
from dse.training.head import start_heads
from dse.training.trainer import FeatureBatches, train
from dse.training.truth import Truth
from dse.training.views import ViewSet

pytestmark = pytest.mark.slow

TRAINING = Training("A", 98, 0.35, 96)
GRAPH = detector_graph(TRAINING)
EDGE = boundary(GRAPH, frozen_layers(GRAPH, TRAINING))
RECIPE = Recipe(epochs=6, batch_size=8, views=2)


@pytest.fixture(scope="module")
def features(patterns: DataSet, tmp_path_factory: pytest.TempPathFactory) -> Features:
    weights = get_weights(build(GRAPH))
    views = ViewSet(patterns, 96, RECIPE.views, RECIPE.seed)
    return frozen_features(GRAPH, EDGE, weights, views, tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def first_weights() -> dict[str, np.ndarray]:
    model = build(GRAPH, sources=EDGE)
    start_heads(model, 0)
    return get_weights(model)


def _train(features, first_weights, checkpoint, report, recipe=RECIPE, **how):  # type: ignore[no-untyped-def]
    model = build(GRAPH, sources=EDGE)
    set_weights(model, first_weights)
    truth = Truth(features.labels, GRAPH["head"].shape[:2], 96)
    batches = FeatureBatches(features.tensors, truth, recipe.batch_size, recipe.seed, recipe.views)
    curve, stopped = train(model, batches, recipe, checkpoint, lambda: 0.5, report, **how)
    return get_weights(model), curve, stopped


def test_an_epoch_shows_every_picture_once_in_changing_views(features: Features) -> None:
    truth = Truth(features.labels, GRAPH["head"].shape[:2], 96)
    batches = FeatureBatches(features.tensors, truth, 8, 0, RECIPE.views)
    shown = []
    for epoch in range(3):
        batches.begin(epoch)
        shown.append(np.concatenate([batches.chosen(step) for step in range(len(batches))]))
        assert sorted(shown[-1] // RECIPE.views) == list(range(48))
    assert set(shown[0]) != set(shown[1])


def _goes_on(_: EpochReport) -> bool:
    return True


@pytest.fixture(scope="module")
def whole(features: Features, first_weights: dict, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Weights and curve of a training that nobody disturbed, and whether it was stopped."""
    return _train(features, first_weights, tmp_path_factory.mktemp("whole") / "c.npz", _goes_on)


def test_the_loss_falls(whole: Any) -> None:
    _, curve, stopped = whole
    assert not stopped
    assert [epoch.epoch for epoch in curve] == [1, 2, 3, 4, 5, 6]
    assert curve[-1].loss < 0.8 * curve[0].loss
    assert all(a.seconds < b.seconds for a, b in pairwise(curve))


def test_it_stops_when_told_to(features: Features, first_weights: dict, tmp_path: Path) -> None:
    _, curve, stopped = _train(
        features, first_weights, tmp_path / "c.npz", lambda epoch: epoch.epoch < 2
    )
    assert stopped
    assert len(curve) == 2


def test_a_killed_training_ends_with_the_same_weights(
    features: Features, first_weights: dict, whole: Any, tmp_path: Path
) -> None:
    class Killed(BaseException):
        """Stands for SIGKILL."""

    def dies(epoch: EpochReport) -> bool:
        if epoch.epoch == 2:
            raise Killed
        return True

    with pytest.raises(Killed):
        _train(features, first_weights, tmp_path / "cut.npz", dies)
    told: list[int] = []

    def tells(epoch: EpochReport) -> bool:
        told.append(epoch.epoch)
        return True

    resumed, curve, _ = _train(features, first_weights, tmp_path / "cut.npz", tells)
    assert told == [1, 2, 3, 4, 5, 6]
    assert len(curve) == 6
    for name, value in whole[0].items():
        np.testing.assert_allclose(resumed[name], value, atol=1e-4, err_msg=name)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 no archive"])
def test_a_damaged_checkpoint_costs_its_epochs_only(
    features: Features, first_weights: dict, tmp_path: Path, damage: bytes
) -> None:
    (tmp_path / "c.npz").write_bytes(damage)
    _, curve, _ = _train(
        features, first_weights, tmp_path / "c.npz", _goes_on, replace(RECIPE, epochs=1)
    )
    assert len(curve) == 1


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_training_that_diverges_ends_there_and_keeps_its_last_good_checkpoint(
    features: Features, first_weights: dict, tmp_path: Path, value: float
) -> None:
    checkpoint, recipe = tmp_path / "c.npz", replace(RECIPE, epochs=3)
    _train(features, first_weights, checkpoint, lambda e: False, recipe)
    good = checkpoint.read_bytes()
    # What a step too large would do, in the middle of the second epoch.
    poisoned = FeatureBatches.__getitem__

    def poison(batches: FeatureBatches, step: int):  # type: ignore[no-untyped-def]
        tensors, truth = poisoned(batches, step)
        with np.errstate(invalid="ignore"):
            return tensors * np.float32(value), truth

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FeatureBatches, "__getitem__", poison)
        with pytest.raises(Diverged, match="after epoch 2"):
            _train(features, first_weights, checkpoint, _goes_on, recipe)
    assert checkpoint.read_bytes() == good
    _, curve, _ = _train(features, first_weights, checkpoint, _goes_on, recipe)
    assert len(curve) == recipe.epochs and all(np.isfinite(epoch.loss) for epoch in curve)


def test_averaged_weights_lag_behind_the_last_ones(
    features: Features, first_weights: dict, tmp_path: Path
) -> None:
    """The checkpoint holds the last weights; what is returned lies between them and the first."""
    found, _, _ = _train(features, first_weights, tmp_path / "c.npz", _goes_on, averaged=True)
    with np.load(tmp_path / "c.npz") as stored:
        last = stored["weight/head/kernel"]
    moved, averaged = last - first_weights["head/kernel"], found["head/kernel"]
    share = np.sum((averaged - first_weights["head/kernel"]) * moved) / np.sum(moved**2)
    assert 0 < share < 0.5
    again, _, _ = _train(features, first_weights, tmp_path / "c.npz", _goes_on, averaged=True)
    np.testing.assert_array_equal(again["head/kernel"], averaged)
