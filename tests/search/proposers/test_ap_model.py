"""The model of AP: sensible before it knows anything, right once it does."""

from __future__ import annotations

import math

import numpy as np
import pytest
from conformance import invented_ap

from dse.search.proposers.ap_model import RESIDUAL_SD, ApModel, features
from dse.space import SearchSpace, Training

TRAININGS = SearchSpace.load("mobilenetv2_face").trainings()
ALL = np.arange(len(TRAININGS))
APS = np.array([invented_ap(one) for one in TRAININGS])


def some(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).choice(ALL, count, replace=False)


def test_features_are_standardised() -> None:
    table = features(TRAININGS)
    assert table.shape == (len(TRAININGS), 6)
    assert table.mean(axis=0) == pytest.approx(np.zeros(6), abs=1e-12)
    assert table.std(axis=0) == pytest.approx(np.ones(6))


def test_a_feature_that_does_not_vary_is_zero() -> None:
    only = [Training("A", 63, 0.5, size) for size in (96, 224)]
    assert (features(only)[:, :-1] == 0).all()
    assert len(features([])) == 0


def test_before_any_training_size_and_width_are_expected_to_help() -> None:
    mean, deviation = ApModel(TRAININGS).predict(ALL)
    small, large = Training("A", 63, 0.35, 96), Training("A", 63, 1.0, 320)
    wide = Training("A", 63, 1.0, 96)
    at = {training: index for index, training in enumerate(TRAININGS)}
    assert mean[at[small]] < mean[at[wide]] < mean[at[large]]
    assert (deviation == RESIDUAL_SD).all()
    assert 0 < mean.min() < mean.max() < 1


@pytest.mark.parametrize("count", range(8))
def test_few_trainings_are_enough_to_be_sensible(count: int) -> None:
    seen = some(count)
    model = ApModel(TRAININGS)
    model.fit(seen, APS[seen])
    mean, deviation = model.predict(ALL)
    assert np.isfinite(mean).all() and (deviation >= 0).all()
    assert mean[seen] == pytest.approx(APS[seen], abs=0.05)
    assert np.corrcoef(mean, APS)[0, 1] > 0.6


def test_learns_an_ap_that_it_never_saw() -> None:
    seen = some(30)
    model = ApModel(TRAININGS)
    model.fit(seen, APS[seen])
    mean, deviation = model.predict(np.setdiff1d(ALL, seen))
    error = mean - np.delete(APS, seen)
    assert np.abs(error).mean() < 0.02
    assert (np.abs(error) < 3 * deviation + 0.02).mean() > 0.95


def test_is_the_same_whatever_the_order() -> None:
    seen = some(12)
    means = []
    for order in (seen, seen[::-1]):
        model = ApModel(TRAININGS)
        model.fit(order, APS[order])
        means.append(model.predict(ALL)[0])
    assert means[0] == pytest.approx(means[1], abs=1e-3)


def test_equal_aps_are_no_trouble() -> None:
    seen = some(10)
    model = ApModel(TRAININGS)
    model.fit(seen, np.full(10, 0.7))
    mean, _ = model.predict(seen)
    assert mean == pytest.approx(np.full(10, 0.7), abs=0.02)


def test_a_trend_against_the_prior_is_flat_at_worst() -> None:
    """AP that falls with size: the prior's slope yields to 0, the process does the rest."""
    seen = some(40)
    falling = 0.9 - 0.5 * (APS - APS.min()) / np.ptp(APS)
    model = ApModel(TRAININGS)
    model.fit(seen, falling[seen])
    mean, _ = model.predict(ALL)
    assert np.corrcoef(mean, falling)[0, 1] > 0.9


def test_a_doubtful_value_moves_the_mean_less() -> None:
    seen = some(8)
    moved = []
    for noise in (0.0, 0.04, 1.0):
        model = ApModel(TRAININGS)
        model.fit(seen[:7], APS[seen[:7]])
        before = model.predict(seen[7:])[0]
        values = np.append(APS[seen[:7]], before + 0.2)
        model.believe(seen, values, np.append(np.zeros(7), noise))
        moved.append(float((model.predict(seen[7:])[0] - before)[0]))
    assert moved[0] > moved[1] > moved[2] > -1e-9
    assert moved[0] == pytest.approx(0.2, abs=0.05)
    assert moved[2] < 0.01


def test_believing_narrows_the_doubt_and_nothing_is_learnt_from_nothing() -> None:
    model = ApModel(TRAININGS)
    model.believe(np.array([], dtype=int), np.array([]), np.array([]))
    mean, deviation = model.predict(ALL[:5])
    assert (deviation == RESIDUAL_SD).all()
    model.believe(ALL[:1], mean[:1], np.zeros(1))
    after, narrower = model.predict(ALL[:5])
    assert narrower[0] < 0.3 * deviation[0]
    assert after[0] == pytest.approx(mean[0])
    assert all(math.isfinite(value) for value in after)


def test_predicts_nothing_of_nothing() -> None:
    model = ApModel(TRAININGS)
    model.fit(some(7), APS[some(7)])
    assert model.predict(np.array([], dtype=int))[0].shape == (0,)
