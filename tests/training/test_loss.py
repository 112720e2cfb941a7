"""Losses against their formulas, written out in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from dse.training.loss import LOSSES, focal_loss, paper_loss

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
