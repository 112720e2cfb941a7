"""Stopping: only when it is nearly certain that nobody would choose the design."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dse.errors import DseError
from dse.search.proposers.base import Design
from dse.search.stopping import Curve, Decision, DominanceStopper, FinishedCurve
from dse.space import SearchSpace, Training

EPOCHS = 10
SIZES = (96, 128, 160, 192, 224, 256)


def training(size: int) -> Training:
    return Training("A", 63, 0.5, size)


# Cost grows with the input, so a smaller input is no slower and no larger.
DESIGNS = [Design(training(size), size / 4, size * 1000) for size in SIZES]


def curve(end: float, gain: float = 0.3, epochs: int = EPOCHS) -> Curve:
    """A straight line that gains `gain` over all its epochs and ends at `end`."""
    return [(e, epochs, end - gain * (epochs - e) / epochs) for e in range(1, epochs + 1)]


def stopper(curves: Sequence[FinishedCurve] = (), **changes: float) -> DominanceStopper:
    """A stopper that has seen `curves`."""
    settings = {"audit_share": 0.0, **changes}
    return taught(DominanceStopper(DESIGNS, **settings), curves)  # type: ignore[arg-type]


def taught(judge: DominanceStopper, curves: Sequence[FinishedCurve]) -> DominanceStopper:
    for finished in curves:
        judge.learn(finished)
    return judge


def finished(*aps: float, gain: float = 0.3) -> list[FinishedCurve]:
    """Finished designs, from the smallest input on."""
    return [
        FinishedCurve(training(size), curve(ap, gain)) for size, ap in zip(SIZES, aps, strict=False)
    ]


DONE = finished(0.6, 0.7, 0.5, 0.5)


def test_nothing_is_stopped_in_the_first_third_of_its_epochs() -> None:
    hopeless = [(epoch, 30, 0.01) for epoch in range(1, 31)]
    stopped = [
        epoch
        for epoch in range(1, 30)
        if stopper(DONE).may_continue(training(224), hopeless[:epoch]).stop
    ]
    assert stopped == list(range(10, 30))


def test_stops_what_a_cheaper_design_beats() -> None:
    so_far = [(5, EPOCHS, 0.5)]
    decision = stopper(DONE).may_continue(training(224), so_far)
    assert decision.stop
    assert decision.beaten_by == training(128).id
    # Half of the epochs are left, in which finished curves gained half of 0.3.
    assert decision.bound == pytest.approx(0.65)


def test_goes_on_while_the_best_is_within_reach() -> None:
    decision = stopper(DONE).may_continue(training(224), [(5, EPOCHS, 0.56)])
    assert not decision.stop
    assert decision.bound == pytest.approx(0.71)
    assert decision.beaten_by is None


def test_ap_equal_to_the_bound_beats() -> None:
    exact = [FinishedCurve(training(size), [(5, 10, 0.5), (10, 10, 0.75)]) for size in SIZES[:4]]
    assert stopper(exact).may_continue(training(224), [(5, 10, 0.5)]).stop


@pytest.mark.parametrize(
    ("latency_ms", "file_bytes", "stops"),
    [(1.0, 1, False), (1.0, 10**9, False), (1e6, 1, False), (1e6, 10**9, True)],
)
def test_only_designs_no_slower_and_no_larger_count(
    latency_ms: float, file_bytes: int, stops: bool
) -> None:
    mine = Design(Training("B", 63, 0.5, 96), latency_ms, file_bytes)
    judge = DominanceStopper([*DESIGNS, mine], audit_share=0.0)
    assert taught(judge, DONE).may_continue(mine.training, [(5, EPOCHS, 0.1)]).stop is stops


def test_a_design_of_equal_cost_counts() -> None:
    twin = Design(Training("A", 98, 0.5, 96), DESIGNS[0].latency_ms, DESIGNS[0].file_bytes)
    judge = DominanceStopper([*DESIGNS, twin], audit_share=0.0)
    decision = taught(judge, DONE).may_continue(twin.training, [(5, EPOCHS, 0.1)])
    assert decision.beaten_by == training(96).id


def test_a_training_does_not_beat_itself() -> None:
    decision = stopper(DONE).may_continue(training(96), [(5, EPOCHS, 0.1)])
    assert not decision.stop


@pytest.mark.parametrize(
    ("so_far", "known"),
    [
        ([], DONE),
        ([(1, EPOCHS, 0.0)], DONE),  # too early
        ([(EPOCHS, EPOCHS, 0.0)], DONE),  # nothing left to save
        ([(5, EPOCHS, math.nan)], DONE),
        ([(5, EPOCHS, 0.0)], DONE[:3]),  # too little is known
        ([(5, EPOCHS, 0.0)], []),
    ],
)
def test_goes_on_when_something_is_not_known(so_far: Curve, known: list[FinishedCurve]) -> None:
    decision = stopper(known).may_continue(training(224), so_far)
    assert not decision.stop
    assert decision.bound == math.inf


def test_goes_on_when_the_cost_is_not_known() -> None:
    stranger = Training("C", 63, 1.0, 320)
    assert not stopper(DONE).may_continue(stranger, [(5, EPOCHS, 0.0)]).stop


def test_the_quantile_is_one_of_the_gains_seen_never_below() -> None:
    late = [*finished(0.9, 0.9, 0.9), FinishedCurve(training(192), curve(0.9, gain=1.6))]
    bounds = [
        stopper(late, quantile=q).may_continue(training(224), [(5, EPOCHS, 0.2)]).bound
        for q in (0.5, 0.9)
    ]
    assert bounds == [pytest.approx(0.35), pytest.approx(1.0)]


def test_curves_that_fell_promise_no_loss() -> None:
    falling = finished(0.6, 0.6, 0.6, 0.6, gain=-0.2)
    assert stopper(falling).may_continue(training(224), [(5, EPOCHS, 0.3)]).bound == 0.3


def test_curves_of_other_lengths_are_compared_at_the_same_share() -> None:
    longer = [FinishedCurve(training(size), curve(0.9, epochs=40)) for size in SIZES[:4]]
    bound = stopper(longer).may_continue(training(224), [(5, EPOCHS, 0.3)]).bound
    assert bound == pytest.approx(0.45)


def test_epochs_without_ap_are_left_out() -> None:
    holes = [
        FinishedCurve(other.training, [(1, EPOCHS, math.nan), *other.curve[1:]]) for other in DONE
    ]
    assert stopper(holes).may_continue(training(224), [(5, EPOCHS, 0.5)]).stop
    blind = [FinishedCurve(other.training, [(1, EPOCHS, math.nan)]) for other in DONE]
    assert not stopper(blind).may_continue(training(224), [(5, EPOCHS, 0.5)]).stop


def test_audited_trainings_are_a_share_of_all_and_never_stopped() -> None:
    trainings = SearchSpace.load("mobilenetv2_face").trainings()
    judge = DominanceStopper(DESIGNS, audit_share=0.1)
    audited = [one for one in trainings if judge.is_audited(one)]
    assert 0.04 < len(audited) / len(trainings) < 0.18
    assert audited == [one for one in trainings if DominanceStopper([]).is_audited(one)]
    everything = stopper(DONE, audit_share=1.0)
    assert not everything.may_continue(training(224), [(5, EPOCHS, 0.0)]).stop


@pytest.mark.parametrize("changes", [{"quantile": 1.5}, {"audit_share": -0.1}])
def test_shares_outside_their_range_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(DseError, match="is"):
        stopper(**changes)


def test_an_empty_curve_has_no_end() -> None:
    assert math.isnan(FinishedCurve(training(96), []).val_ap)


APS = st.one_of(st.just(math.nan), st.integers(0, 20).map(lambda step: step / 20))
CURVES = st.lists(
    st.tuples(st.sampled_from(SIZES), st.lists(APS, min_size=1, max_size=6)), max_size=12
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(CURVES, st.sampled_from(SIZES), st.lists(APS, min_size=1, max_size=5))
def test_what_is_learnt_bit_by_bit_is_the_definition(
    curves: list[tuple[int, list[float]]], size: int, aps: list[float]
) -> None:
    """Asked after every curve, the stopper says what all curves together say."""

    def rows(aps: list[float], epochs: int) -> Curve:
        return [(epoch, epochs, ap) for epoch, ap in enumerate(aps, start=1)]

    judge, mine = stopper(min_curves=2, quantile=0.7), rows(aps, 6)
    for count, (other, values) in enumerate(curves, start=1):
        judge.learn(FinishedCurve(training(other), rows(values, len(values))))
        decision = judge.may_continue(training(size), mine)
        known = [(one, np.array(seen)) for one, seen in curves[:count]]
        gains = [
            seen[known_at][-1] - np.interp(len(aps) / 6, at[known_at], seen[known_at])
            for _, seen in known
            if (known_at := np.isfinite(seen)).any()
            and (at := np.arange(1, len(seen) + 1) / len(seen)).size
        ]
        if len(aps) < 2 or math.isnan(aps[-1]) or len(gains) < 2:
            assert decision == Decision(stop=False)
            continue
        bound = aps[-1] + max(0.0, np.quantile(gains, 0.7, method="higher"))
        rivals = [seen[-1] for one, seen in known if one < size and seen[-1] >= bound]
        assert decision.bound == pytest.approx(bound)
        assert decision.stop == (len(rivals) > 0)
        if rivals:
            ends = {training(one).id: seen[-1] for one, seen in known if seen[-1] == max(rivals)}
            assert decision.beaten_by in ends
