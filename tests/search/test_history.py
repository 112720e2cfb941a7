"""What is known of the trials, taken in one by one, against the same from all of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dse.chips import load_target
from dse.search.history import TrialHistory
from dse.search.stopping import FinishedCurve
from dse.space import SearchSpace
from dse.study.journal import WARM, Entry
from dse.study.outcomes import hypervolume_share
from dse.study.plan import make_plan

STATES = ("complete", "stopped", "failed", "running", "warm")
TRIALS = st.lists(
    st.tuples(st.sampled_from(STATES), st.integers(0, 10), st.integers(0, 4)), max_size=8
)


@pytest.mark.slow
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(trials=TRIALS, known=st.integers(0, 8))
def test_trial_by_trial_is_as_good_as_all_at_once(
    small_space: Path, trials: list[tuple[str, int, int]], known: int
) -> None:
    """AP in tenths and few different times, so that there are ties."""
    plan = make_plan(SearchSpace.load(str(small_space)), load_target("k210"))
    entries = [
        entry(number, plan.designs[number].training, *trial) for number, trial in enumerate(trials)
    ]
    told: list[FinishedCurve] = []
    history = TrialHistory(plan, entries[:known], told.append)
    forgiven = {one.number for one in entries[:known] if one.state == "failed"}
    for one in entries[known:]:
        history.note(one)
    ended = [one for one in entries if one.state != "running"]
    assert history.states == Counter(one.state for one in ended)
    assert history.trials == len(ended)
    warm = sum(state == "warm" for state, _, _ in trials)
    assert history.reused == warm
    assert history.counted == sum(state in ("complete", "stopped") for state, _, _ in trials)
    assert history.hypervolume == pytest.approx(hypervolume_share(plan.rows, entries))
    ended.sort(key=lambda one: (one.elapsed_s, one.number))
    names = [one.training.id for one in ended if one.number not in forgiven]
    assert [seen.training.id for seen in history.observations] == names
    by_id = {one.training.id: one for one in entries}
    for seen in history.observations:
        source = by_id[seen.training.id]
        assert seen.stopped == (source.state == "stopped")
        assert seen.is_finished == (source.state == "complete")
        if seen.is_finished:
            assert seen.ap == source.outcome["ap"]["kpu8"]
    curves = {curve.training.id: curve.curve for curve in told}
    complete = {one.training.id for one in entries if one.state == "complete"}
    assert set(curves) == complete and len(told) == len(complete)
    assert all(curve == [(1, 1, by_id[id].outcome["val_ap"])] for id, curve in curves.items())


def entry(number: int, training: object, state: str, ap: int, time: int) -> Entry:
    val_ap = ap / 10
    outcome = {
        "val_ap": val_ap,
        "ap": {"kpu8": val_ap} if state in ("complete", "warm") else {},
        "curve": [{"epoch": 1, "epochs": 1, "val_ap": val_ap}],
        **({WARM: "other"} if state == "warm" else {}),
    }
    if state == "failed":
        outcome = {"error": "gone"}
    state = "complete" if state == "warm" else state
    return Entry(number, training, state, outcome, elapsed_s=float(time))  # type: ignore[arg-type]
