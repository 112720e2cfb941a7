"""Optuna's samplers on the feasible designs."""

from __future__ import annotations

import importlib.util
import logging
import random
from collections.abc import Iterator

import pytest

from dse.errors import DseError
from dse.search.proposers import Design, Observation, make_proposer
from dse.search.proposers.optuna_samplers import Nsga2Proposer, TpeProposer
from dse.space import Training
from tests.search.proposers.conformance import (
    ProposerConformance,
    every_design,
    feasible,
    invented_design,
    seen,
)

pytestmark = pytest.mark.slow

HAS_TORCH = importlib.util.find_spec("torch") is not None


class TestTpe(ProposerConformance):
    name = "tpe"


class TestNsga2(ProposerConformance):
    name = "nsga2"


@pytest.mark.skipif(not HAS_TORCH, reason="PyTorch is not installed: pip install 'dse[gp]'")
class TestGp(ProposerConformance):
    name = "gp"
    steps = 5


def test_gp_without_torch_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DseError, match="PyTorch") as refusal:
        make_proposer("gp", feasible(3), 0)
    assert "pip install 'dse[gp]'" in refusal.value.hint


@pytest.fixture
def optuna_log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    import optuna

    optuna.logging.enable_propagation()
    caplog.set_level(logging.DEBUG)
    yield caplog
    optuna.logging.disable_propagation()


@pytest.mark.parametrize("name", ["tpe", "nsga2"])
def test_optuna_says_nothing_and_keeps_its_settings(
    name: str, optuna_log: pytest.LogCaptureFixture
) -> None:
    import optuna

    before = optuna.logging.get_verbosity()
    make_proposer(name, feasible(), 0).propose([seen(feasible()[0].training)], [])
    assert optuna.logging.get_verbosity() == before
    assert not optuna_log.records


def test_the_population_fits_the_budget() -> None:
    sizes = {
        budget: Nsga2Proposer(feasible(5), 0, budget)._sampler(0).population_size
        for budget in (5, 12, 50, 500)
    }
    assert sizes == {5: 4, 12: 4, 50: 10, 500: 10}


def test_the_nearest_unused_design_replaces_what_is_out_of_reach() -> None:
    """Only the corners are feasible: nearly all suggestions miss, and end at the nearest."""
    corners = [
        Training("A", 63, 0.35, 96), Training("A", 98, 1.0, 320), Training("C", 133, 0.5, 224)
    ]  # fmt: skip
    proposer = TpeProposer([invented_design(one) for one in corners], 0)
    point = proposer._point(Training("A", 63, 0.5, 96))
    near = min(corners, key=lambda one: proposer._distance(point, proposer._point(one)))
    assert near == corners[0]
    proposer.asks = 1
    got = {make_proposer("tpe", proposer.designs, seed).propose([], []) for seed in range(20)}
    assert got == set(corners)


@pytest.mark.parametrize("name", ["tpe", "nsga2"])
def test_asks_for_more_of_what_had_the_better_ap(name: str) -> None:
    """Costs are all the same, and every fifth training, one of breakpoint A, is good."""
    designs = [Design(design.training, 10.0, 1000) for design in every_design()]
    past = [
        Observation(one, 0.9 if one.breakpoint == "A" else 0.1, 0.5)
        for one in [design.training for design in random.Random(2).sample(designs, 40)]
    ]
    assert sum(one.ap > 0.5 for one in past) == 8  # a fifth
    proposed = [make_proposer(name, designs, seed).propose(past, []) for seed in range(24)]
    assert sum(one is not None and one.breakpoint == "A" for one in proposed) > 12
