"""The random proposer."""

from __future__ import annotations

from collections import Counter

from dse.search.proposers import make_proposer
from tests.search.proposers.conformance import ProposerConformance, feasible


class TestRandom(ProposerConformance):
    name = "random"


def test_first_proposals_are_spread_over_all_designs() -> None:
    designs = feasible(5)
    first = Counter(make_proposer("random", designs, seed).propose([], []) for seed in range(300))
    assert len(first) == 5
    assert min(first.values()) > 30  # 60 expected of each


def test_what_is_running_does_not_change_the_order_of_the_rest() -> None:
    designs = feasible()
    proposer = make_proposer("random", designs, 1)
    first = proposer.propose([], [])
    assert first is not None
    second = proposer.propose([], [first.id])
    assert second is not None
    assert proposer.propose([], [second.id]) == first
