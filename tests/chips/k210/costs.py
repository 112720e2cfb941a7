"""What a candidate costs on a K210, with the chip's own fields."""

from dse.chips import price_candidate
from dse.chips.k210.cost.price import K210Cost
from dse.chips.target import Target
from dse.space import Candidate

__all__ = ["k210_cost"]


def k210_cost(candidate: Candidate, target: Target) -> K210Cost:
    cost = price_candidate(candidate, target).cost
    assert isinstance(cost, K210Cost)
    return cost
