from __future__ import annotations

import math

import pytest

from dse.search import clock
from dse.search.clock import SearchClock
from dse.space import Training
from dse.study.journal import Entry


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "monotonic", lambda: 130.0)


def test_time_adds_up_over_interruptions() -> None:
    training = Training("A", 63, 0.5, 96)
    entries = [Entry(number, training, "complete", elapsed_s=50.0 - number) for number in range(3)]
    going_on = SearchClock.going_on(100.0, entries)
    assert (going_on.spent_s, going_on.elapsed_s) == (30.0, 80.0)
    assert SearchClock.going_on(100.0, []).elapsed_s == 30.0


@pytest.mark.parametrize(("limit_s", "up"), [(None, False), (30.1, False), (30.0, True)])
def test_time_is_up_at_its_limit(limit_s: float | None, up: bool) -> None:
    """Of this run alone: what was spent before does not count."""
    assert SearchClock(100.0, 1000.0, limit_s).time_is_up is up


def test_time_left_ends_at_the_limit() -> None:
    assert SearchClock(100.0).within_limit(math.nan) is None
    assert SearchClock(100.0).within_limit(40.0) == 40.0
    assert SearchClock(100.0, 0.0, 42.0).within_limit(40.0) == pytest.approx(12.0)
    assert SearchClock(100.0, 0.0, 20.0).within_limit(40.0) == 0.0
