"""Losses against their formulas, written out in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dse.detection.head import FACE_HEAD, Head
from dse.detection.region_head import RegionHead
from dse.training.loss import LOSSES, class_weights, focal_loss, loss_of, paper_loss, region_loss

pytestmark = pytest.mark.slow


def _case(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(2, 3, 3, 25, 5)).astype(np.float32)
    truth[..., 0] = rng.choice([-1, 0, 1], size=truth.shape[:-1], p=[0.1, 0.8, 0.1])
    return truth, rng.normal(size=(2, 3, 3, 125)).astype(np.float32)


def test_the_papers_loss_is_its_formula() -> None:
    truth, maps = _case()
    cells = maps.reshape(truth.shape)
    score = 1 / (1 + np.exp(-cells[..., 0]))
    label = truth[..., 0]
    entropy = -np.where(label == 1, np.log(score), np.log(1 - score)) * (label >= 0)
    squared = ((truth[..., 1:] - cells[..., 1:]) ** 2).sum(-1) * (label == 1)
    expected = (entropy.sum() / 256 + squared.sum() / 4) / 2
    assert float(paper_loss(truth, maps)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("loss", LOSSES.values())
def test_ignored_boxes_cost_nothing(loss: object) -> None:
    truth, maps = _case()
    truth[..., 0] = -1
    assert float(loss(truth, maps)) == 0.0  # type: ignore[operator]


@pytest.mark.parametrize("loss", LOSSES.values())
def test_a_better_answer_costs_less(loss: object) -> None:
    truth, maps = _case()
    better = truth.copy()
    better[..., 0] = np.where(truth[..., 0] == 1, 6, -6)
    perfect = better.reshape(maps.shape)
    assert float(loss(truth, perfect)) < float(loss(truth, maps))  # type: ignore[operator]


def test_focal_loss_looks_away_from_the_easy() -> None:
    truth = np.zeros((1, 1, 1, 25, 5), np.float32)
    easy, hard = np.full((1, 1, 1, 125), -6, np.float32), np.full((1, 1, 1, 125), 2, np.float32)
    ratio = float(focal_loss(truth, hard)) / float(focal_loss(truth, easy))
    assert ratio > 1e4


def test_losses_survive_extreme_scores() -> None:
    truth, maps = _case()
    for loss in LOSSES.values():
        assert np.isfinite(float(loss(truth, maps * 1e4)))


HEAD = Head(((50, 60), (100, 90), (20, 20)), ("cat", "dog"))


def _case_of_two_classes() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    truth = rng.normal(size=(2, 3, 3, 3, 6)).astype(np.float32)
    truth[..., :2] = 0
    truth[:, 0, 0, 1, 1] = 1  # dogs
    truth[:, 1, 1, 2, :2] = -1
    return truth, rng.normal(size=(2, 3, 3, HEAD.channels)).astype(np.float32)


@pytest.mark.parametrize("loss", LOSSES.values())
def test_a_class_that_never_shows_adds_only_the_cost_of_its_scores(loss: Any) -> None:
    """Boxes cost once, however many classes there are, and the wrong class costs."""
    truth, maps = _case_of_two_classes()
    one = Head(HEAD.anchors, ("dog",))
    cells = maps.reshape(truth.shape).copy()
    cells[..., 0] = -60  # no cats, and sure of it
    alone = loss(truth[..., 1:], cells[..., 1:].reshape(2, 3, 3, one.channels), one)
    assert float(loss(truth, cells.reshape(maps.shape), HEAD)) == pytest.approx(float(alone))
    cells[:, 0, 0, 1, 0] = 6.0
    assert float(loss(truth, cells.reshape(maps.shape), HEAD)) > float(alone)


def test_an_ignored_box_costs_nothing_whatever_its_class() -> None:
    truth, maps = _case_of_two_classes()
    other = maps.reshape(truth.shape).copy()
    other[:, 1, 1, 2] += 5
    for loss in (focal_loss, paper_loss):
        found = float(loss(truth, maps, HEAD))
        assert float(loss(truth, other.reshape(maps.shape), HEAD)) == found


def test_the_heads_start_is_sure_of_nothing() -> None:
    from dse.network.keras_startup import keras
    from dse.training.head import FACE_PRIOR, start_heads

    for head in (FACE_HEAD, HEAD):
        picture = keras.Input((2, 2, 8))
        output = keras.layers.Conv2D(head.channels, 1, name="head")(picture)
        model = keras.Model(picture, output)
        start_heads(model, 0, head)
        scores, offsets = head.split(model.predict(np.zeros((1, 2, 2, 8)), verbose=0))
        np.testing.assert_allclose(1 / (1 + np.exp(-scores)), FACE_PRIOR, rtol=1e-5)
        assert not offsets.any()


REGION = RegionHead(HEAD.anchors, HEAD.classes)


def _case_of_a_region() -> tuple[np.ndarray, np.ndarray]:
    """One dog in the first cell, and a box that nobody may judge."""
    rng = np.random.default_rng(4)
    truth = np.zeros((2, 3, 3, 3, 7), np.float32)
    truth[:, 0, 0, 1] = (0.4, -0.2, 0.1, 0.3, 1, 0, 1)
    truth[:, 1, 1, 2, 4] = -1
    return truth, rng.normal(size=(2, 3, 3, REGION.channels)).astype(np.float32)


def _loss_with(change: tuple[Any, ...], by: float, weights: Any = None) -> float:
    truth, maps = _case_of_a_region()
    cells = maps.reshape(truth.shape).copy()
    cells[change] += by
    return float(region_loss(truth, cells.reshape(maps.shape), REGION, weights))


def test_a_region_pays_for_the_class_and_the_box_of_an_object_alone() -> None:
    before = _loss_with((0, 0, 0, 1, 0), 0)
    assert _loss_with((slice(None), 1, 1, 2), 3.0) == before  # nobody may say
    for number in (0, 1, 2, 3, 5, 6):
        assert _loss_with((slice(None), 2, 2, 0, number), 2.0) == before  # nothing there
    assert _loss_with((slice(None), 2, 2, 0, 4), 2.0) > before
    assert _loss_with((slice(None), 0, 0, 1, 6), 3.0) < before < _loss_with((0, 0, 0, 1, 5), 3.0)


def test_a_region_that_says_the_truth_pays_almost_nothing() -> None:
    truth, maps = _case_of_a_region()
    sure = truth.copy()
    sure[..., 4:] = np.where(truth[..., 4:] > 0, 12, -12)
    assert float(region_loss(truth, sure.reshape(maps.shape), REGION)) < 1e-3


def test_rare_classes_count_more_and_all_together_the_same() -> None:
    assert class_weights([50], 0.99) is None and class_weights([5, 500], 0.0) is None

    def weights(counts: list[int], beta: float) -> list[float]:
        found = class_weights(counts, beta)
        assert found is not None
        return [float(weight) for weight in found]

    rare, common = weights([30, 3000], 0.99)
    assert rare > 2 * common and 30 * rare + 3000 * common == pytest.approx(3030)
    mild, _ = weights([30, 3000], 0.9)
    assert mild < rare
    absent, only = weights([0, 10], 0.999)
    assert np.isfinite(absent) and only == pytest.approx(1)
    assert class_weights([0, 0], 0.99) is None


@pytest.mark.parametrize("head", [HEAD, REGION])
@pytest.mark.parametrize("name", ["focal", "paper"])
def test_a_class_that_counts_more_costs_more(head: Head, name: str) -> None:
    truth, maps = _case_of_a_region() if head is REGION else _case_of_two_classes()
    usual, dogs, cats = (
        float(loss_of(name, head, weights)(truth, maps))
        for weights in (None, np.array([0.5, 1.5], np.float32), np.array([1.5, 0.5], np.float32))
    )
    assert dogs > usual > cats


def test_classes_are_told_apart_at_the_objects_alone() -> None:
    """With several classes a dog that looks like a cat costs more than the two scores by themselves
    do, and what is said where nothing is does not change by it."""
    truth, maps = _case_of_two_classes()
    one = Head(HEAD.anchors, ("dog",))

    def extra(cat: float) -> float:
        cells = maps.reshape(truth.shape).copy()
        cells[:, 0, 0, 1, 0] = cat
        both = float(focal_loss(truth, cells.reshape(maps.shape), HEAD))
        dogs = cells[..., 1:].reshape(2, 3, 3, one.channels)
        return both - float(focal_loss(truth[..., 1:], dogs, one))

    steps = [extra(cat) for cat in (-9.0, 0.0, 4.0)]
    assert steps == sorted(steps) and steps[2] - steps[1] > 0.5
