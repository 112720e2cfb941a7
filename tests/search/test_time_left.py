from __future__ import annotations

import math

import pytest

from dse.search.time_left import MEASURING_SHARE, Pace, Took, seconds_left
from dse.space import Training

SMALL, LARGE = Training.parse("P3-a0.5-96"), Training.parse("P3-a1.5-256")
MOBILE = Training.parse("A63-a0.5-224")


def test_what_was_seen_is_what_is_expected_again() -> None:
    seen = [Took(SMALL, 20.0), Took(LARGE, 200.0), Took(MOBILE, 70.0)] * 8
    pace = Pace(seen)
    for one in seen[:3]:
        assert pace.seconds(one.training) == pytest.approx(one.seconds, rel=0.1)


def test_one_training_tells_of_others_by_what_they_multiply() -> None:
    pace = Pace([Took(SMALL, 20.0)])
    assert pace.seconds(SMALL) == pytest.approx(20.0, rel=0.01)
    assert 3 * pace.seconds(SMALL) < pace.seconds(LARGE)
    frozen = Training.parse("P8-a1.5-256")
    assert pace.seconds(SMALL) < pace.seconds(frozen) < pace.seconds(LARGE)
    slower = Pace([Took(SMALL, 40.0)])
    assert slower.seconds(LARGE) == pytest.approx(2 * pace.seconds(LARGE))


def test_parts_of_a_training_never_cost_less_than_nothing() -> None:
    """A first one that waited for its pictures says little about the second."""
    pace = Pace([Took(SMALL, 500.0), Took(LARGE, 50.0)])
    assert 0 < pace.seconds(SMALL) < pace.seconds(LARGE)


def test_time_left_adds_up() -> None:
    took = [Took(SMALL, 20.0)] * 4
    half, whole = [(SMALL, 10.0)], [SMALL, SMALL]
    assert seconds_left(took, half, whole, 0, 1) == pytest.approx(50.0, rel=0.01)
    assert seconds_left(took, half, whole, 0, 2) == pytest.approx(25.0, rel=0.01)
    more = seconds_left(took, [], [], 3, 1)
    assert more == pytest.approx(3 * 20.0 * MEASURING_SHARE)
    assert seconds_left(took, [], [], 0, 1) == 0.0


def test_trainings_to_come_may_be_stopped_as_others_were() -> None:
    took = [Took(SMALL, 20.0), Took(SMALL, 10.0, whole=False)]
    assert seconds_left(took, [], [SMALL, SMALL], 0, 1) == pytest.approx(30.0, rel=0.01)
    only_stopped = [Took(SMALL, 10.0, whole=False)]
    assert seconds_left(only_stopped, [], [SMALL], 0, 1) == pytest.approx(10.0, rel=0.01)


def test_nothing_is_known_before_the_first_epoch() -> None:
    assert math.isnan(seconds_left([], [(SMALL, 0.0)], [LARGE], 0, 2))
