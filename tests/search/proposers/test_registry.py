"""Proposers by name."""

from __future__ import annotations

import pytest

from dse.errors import UnknownName
from dse.search.proposers import PROPOSERS, make_proposer
from tests.search.proposers.conformance import feasible


def test_every_proposer_of_the_command_line_is_there() -> None:
    assert set(PROPOSERS) == {"composite", "tpe", "nsga2", "gp", "random"}
    assert all(PROPOSERS[name].name == name for name in PROPOSERS)


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'composite'") as refusal:
        make_proposer("compsite", feasible(3), 0)
    assert "nsga2" in refusal.value.hint
