"""The default proposer after many trainings: what is remembered changes no answer."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dse.pareto import ObjectiveBox
from dse.search.proposers import Observation, surrogate
from dse.search.proposers.composite import CompositeProposer
from dse.search.proposers.surrogate import SHORTLIST, STEPS, learnt_at
from tests.search.proposers.conformance import every_design, failed, invented_ap, seen, stopped

pytestmark = pytest.mark.slow


@pytest.fixture()
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that sets in with many trainings or designs sets in at once."""
    monkeypatch.setattr(surrogate, "STEPS", ((6, 1), (math.inf, 7)))
    for name, value in {"KEPT": 12, "LEARNT_FROM": 8, "DRAWN": 60, "SHORTLIST": 20}.items():
        monkeypatch.setattr(surrogate, name, value)


@given(st.integers(0, 100_000))
def test_learning_is_rare_and_a_shortlist_outlasts_it(ended: int) -> None:
    last = learnt_at(ended)
    assert ended - SHORTLIST // 2 < last <= ended
    assert learnt_at(last) == last
    if ended <= STEPS[0][0]:
        assert last == ended


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.usefixtures("small_limits")
def test_a_new_object_goes_on_where_the_old_one_was(workers: int) -> None:
    """After any number of trainings, though the old one has remembered and the new one not."""
    designs, kinds = (
        every_design(),
        random.Random(3).choices((seen, stopped, failed), (6, 3, 1), k=60),
    )
    proposer, past, busy = CompositeProposer(designs, 1), list[Any](), list[Any]()
    for kind in kinds:
        training = proposer.propose(past, [one.id for one in busy])
        if len(past) % 5 == 0:
            fresh = CompositeProposer(designs, 1)
            assert fresh.propose(list(past), [one.id for one in busy]) == training
        assert training is not None
        busy.append(training)
        if len(busy) >= workers:
            past.append(kind(busy.pop(0)))
    assert len({one.training for one in past}) == len(past)


@pytest.mark.usefixtures("small_limits")
def test_a_past_that_was_rewritten_is_read_again() -> None:
    designs = every_design()
    past = [seen(design.training) for design in designs[:40:2]]
    proposer = CompositeProposer(designs, 2)
    proposer.propose(past, [])
    for other in (past[:9], [*past[:5], seen(designs[1].training), *past[5:]], past[::-1], []):
        assert proposer.propose(other, []) == CompositeProposer(designs, 2).propose(other, [])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 30), st.integers(0, 4))
def test_the_choice_is_the_design_of_the_greatest_improvement(
    seed: int, ended: int, running: int
) -> None:
    """Of those that neither ended nor run."""
    designs = random.Random(seed).sample(every_design(), 90)
    past = [seen(design.training) for design in designs[:ended]]
    proposer = CompositeProposer(designs, seed)
    busy = np.arange(ended, ended + running)
    chosen = proposer.propose(past, [designs[at].training.id for at in busy])
    held = proposer._surrogate(proposer._taken_in(past))
    places = np.flatnonzero(~np.isin(held.shortlist, busy))
    gains = proposer._gains(held, busy)[places]
    assert designs[held.shortlist[places[np.argmax(gains)]]].training == chosen


@pytest.mark.usefixtures("small_limits")
def test_a_shortlist_still_needs_fewer_trainings_than_chance() -> None:
    designs = every_design()
    box = ObjectiveBox.around(designs)
    costs = {one.training: (one.latency_ms, one.file_bytes) for one in designs}

    def share(trainings: list[Observation]) -> float:
        return box.share([(one.ap, *costs[one.training]) for one in trainings])

    proposer, past = CompositeProposer(designs, 0), list[Any]()
    for _ in range(25):
        training = proposer.propose(past, [])
        assert training is not None
        past.append(seen(training))
    chance = [
        share([seen(one.training) for one in random.Random(seed).sample(designs, 50)])
        for seed in range(5)
    ]
    assert share(past) > np.mean(chance)
    assert max(one.ap for one in past) > 0.9 * max(invented_ap(one.training) for one in designs)
