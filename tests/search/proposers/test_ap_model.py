"""The model of AP: sensible before it knows anything, right once it does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dse.search.proposers.ap_model import RESIDUAL_SD, ApModel, features
from dse.search.proposers.posterior import NOISE_SD, SOFTNESS, score, unscored
from dse.space import SearchSpace, Training
from tests.search.proposers.conformance import invented_ap

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
    assert deviation[at[small]] > deviation[at[large]] > 0
    assert 0 < mean.min() < mean.max() < 1


def test_scores_are_the_logit_of_ap_and_back() -> None:
    aps = np.linspace(0, 1, 101, dtype=np.float64)
    assert unscored(score(aps)) == pytest.approx(aps, abs=1e-12)
    assert score(np.array([0.5]))[0] == 0
    assert (np.diff(score(aps)) > 0).all()
    assert unscored(np.array([-1e4, 1e4])).tolist() == [0.0, 1.0]


def test_lambda_counts_among_those_of_its_breakpoint() -> None:
    mixed = [Training("P", frozen, 1.0, 128) for frozen in (3, 5, 8)]
    mixed += [Training("A", frozen, 1.0, 128) for frozen in (63, 98)]
    depth = features(mixed)[:, 2]
    assert depth[0] == pytest.approx(depth[3]) and depth[2] == pytest.approx(depth[4])
    assert depth[1] == pytest.approx((depth[0] + depth[2]) / 2)


def test_moments_are_those_of_the_ap() -> None:
    """Against drawing scores and looking at their APs."""
    model = ApModel(TRAININGS)
    posterior = model.posterior(ALL[:5]).condition(some(9), APS[some(9)])
    drawn = np.random.default_rng(1).normal(posterior.mean, posterior.deviation, (100_000, 5))
    mean, deviation = posterior.moments()
    assert mean == pytest.approx(unscored(drawn).mean(axis=0), abs=0.003)
    assert deviation == pytest.approx(unscored(drawn).std(axis=0), abs=0.003)


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
        posterior = model.posterior(seen[7:]).condition(seen[:7], APS[seen[:7]])
        before = posterior.moments()[0]
        posterior.condition(seen[7:], before - 0.2, noise)
        moved.append(float((before - posterior.moments()[0])[0]))
    assert moved[0] > moved[1] > moved[2] > -1e-9
    assert moved[0] == pytest.approx(0.2, abs=0.05)
    assert moved[2] < 0.01


def test_supposing_narrows_the_doubt_and_leaves_the_means() -> None:
    model = ApModel(TRAININGS)
    posterior = model.posterior(ALL)
    nothing = np.array([], dtype=np.intp)
    assert (posterior.condition(nothing, np.array([])).deviation == RESIDUAL_SD).all()
    for imputed in (some(0), some(9)):
        posterior.condition(imputed, APS[imputed])
        mean, deviation = posterior.mean, posterior.deviation
        supposed = posterior.supposing(ALL[:3])
        assert supposed.deviation[0] < 0.6 * deviation[0]
        assert supposed.mean == pytest.approx(mean)
        assert (posterior.mean == mean).all() and (posterior.deviation == deviation).all()


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.lists(st.integers(0, 5), max_size=8))
def test_observations_one_by_one_are_as_good_as_all_at_once(seed: int, parts: list[int]) -> None:
    """Against the process of scikit-learn; between them something is supposed, to no effect."""
    from sklearn.gaussian_process import GaussianProcessRegressor, kernels

    generator = np.random.default_rng(seed)
    known, asked = some(sum(parts), seed), some(20, seed + 1)
    model = ApModel(TRAININGS)
    model.fit(some(12, seed), APS[some(12, seed)])
    posterior, noise = model.posterior(asked), generator.choice([0.0, 0.04], len(parts))
    for part, extra in zip(np.split(known, np.cumsum(parts)), noise, strict=False):
        posterior.supposing(some(3, seed + 2))
        posterior.condition(part, APS[part], extra)
    mean, deviation = posterior.mean, posterior.deviation
    if len(known):
        slope = 1 / (SOFTNESS + APS[known]) + 1 / (SOFTNESS + 1 - APS[known])
        alpha = NOISE_SD**2 + (np.repeat(noise, parts) * slope) ** 2
        mine = posterior._kernel
        kernel = kernels.ConstantKernel(mine.variance) * kernels.Matern(mine.scales, nu=2.5)
        whole = GaussianProcessRegressor(kernel, alpha=alpha, optimizer=None).fit(
            model.features[known], score(APS[known]) - model.trend(known)
        )
        left, deviations = whole.predict(model.features[asked], return_std=True)
        assert mean == pytest.approx(model.trend(asked) + left, abs=1e-7)
        assert deviation == pytest.approx(deviations, abs=1e-6)
        assert score(posterior.median_of(asked)) == pytest.approx(mean, abs=1e-7)
    places = np.arange(0, 20, 3)
    fewer = posterior.only(places).condition(some(2, seed + 3), np.array([0.4, 0.5]))
    assert (posterior.mean == mean).all()
    every = posterior.condition(some(2, seed + 3), np.array([0.4, 0.5]))
    assert fewer.mean == pytest.approx(every.mean[places], abs=1e-9)
    assert fewer.deviation == pytest.approx(every.deviation[places], abs=1e-7)


def test_predicts_nothing_of_nothing() -> None:
    model = ApModel(TRAININGS)
    model.fit(some(7), APS[some(7)])
    assert model.predict(np.array([], dtype=int))[0].shape == (0,)


def test_several_heads_are_told_apart_and_one_adds_nothing() -> None:
    usual = [Training("P", 5, width, 256) for width in (0.5, 1.0, 1.5)]
    both = [*usual, *(replace(training, head="r5") for training in usual)]
    assert features(both).shape[1] == features(usual).shape[1] + 2
    np.testing.assert_array_equal(features(both)[:3, -1], features(both)[3:, -1])
