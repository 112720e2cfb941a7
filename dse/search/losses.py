"""Whether the loss that was asked for is that of the heads which the search may train."""

from __future__ import annotations

from dse.detection.heads import HEADS
from dse.detection.region_head import RegionHead
from dse.errors import UsageError
from dse.study.plan import SearchPlan
from dse.training.recipe import Recipe

__all__ = ["loss_remark"]

ANY_HEADS = "focal"
"""The loss that stands for each head's own."""


def loss_remark(recipe: Recipe, plan: SearchPlan) -> str:
    """What of the loss does not hold for some of the heads, for people; empty for nothing.

    Raises UsageError where it holds for none.
    """
    heads = dict.fromkeys(design.training.head for design in plan.designs)
    region = [name for name in heads if issubclass(HEADS[name].kind, RegionHead)]
    if recipe.loss == ANY_HEADS or not region:
        return ""
    named = ", ".join(region)
    if len(region) == len(heads):
        raise UsageError(
            f"the loss '{recipe.loss}' is for other heads than {named}, which has its own",
            "leave --loss out, or search a space with other heads",
        )
    return f"designs with the head {named} are trained with its own loss, not with '{recipe.loss}'"
