"""A loss that some heads do not have."""

from __future__ import annotations

import pytest

from dse.chips import load_target
from dse.errors import UsageError
from dse.search.losses import loss_remark
from dse.space import SearchSpace
from dse.study.plan import SearchPlan, make_plan
from dse.training.recipe import Recipe

PAPER = Recipe(loss="paper")


def plan(*heads: str) -> SearchPlan:
    axes = {
        "breakpoint": ["P"], "frozen_until": [5], "width": [1.0], "input_size": [256],
        "format": ["kpu8"], "head": list(heads),
    }  # fmt: skip
    return make_plan(SearchSpace.of("own", axes), load_target("k210"))


def test_a_loss_that_no_head_has_is_refused() -> None:
    with pytest.raises(UsageError, match="'paper' is for other heads than r5") as caught:
        loss_remark(PAPER, plan("r5"))
    assert "leave --loss out" in caught.value.hint


def test_a_loss_that_one_head_has_not_is_told() -> None:
    told = loss_remark(PAPER, plan("25", "b5", "r5"))
    assert "head r5" in told and "not with 'paper'" in told


def test_nothing_is_said_of_the_usual_loss_or_other_heads() -> None:
    assert loss_remark(Recipe(), plan("25", "r5")) == ""
    assert loss_remark(PAPER, plan("25", "b5")) == ""
