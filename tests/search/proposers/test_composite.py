"""The default proposer."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from dse.pareto import ObjectiveBox
from dse.search.proposers import Design, Observation, make_proposer
from dse.search.proposers.composite import SPREAD, CompositeProposer
from dse.space import Training
from tests.search.proposers.conformance import (
    ProposerConformance,
    every_design,
    feasible,
    invented_ap,
    seen,
)

pytestmark = pytest.mark.slow


class TestComposite(ProposerConformance):
    name = "composite"


def share_after(name: str, seed: int, designs: list[Design], steps: int) -> float:
    """Hypervolume, as a share of what all designs together reach, after `steps` trainings."""
    box = ObjectiveBox.around(designs)
    rows = {
        design.training: (invented_ap(design.training), design.latency_ms, design.file_bytes)
        for design in designs
    }
    proposer, past = make_proposer(name, designs, seed), list[Any]()
    for _ in range(steps):
        training = proposer.propose(past, [])
        assert training is not None
        past.append(seen(training))
    return box.share([rows[one.training] for one in past]) / box.share(list(rows.values()))


def test_needs_fewer_trainings_than_chance() -> None:
    designs = every_design()
    mine = [share_after("composite", seed, designs, 12) for seed in range(3)]
    chance = [share_after("random", seed, designs, 30) for seed in range(3)]
    assert min(mine) > 0.95
    assert np.mean(mine) > np.mean(chance)


@pytest.mark.parametrize("seed", range(4))
def test_first_trainings_are_spread_over_the_costs(seed: int) -> None:
    designs = every_design()
    proposer, busy = make_proposer("composite", designs, seed), list[Any]()
    for _ in range(SPREAD):
        training = proposer.propose([], [one.id for one in busy])
        assert training is not None
        busy.append(training)
    order = sorted(designs, key=lambda design: design.latency_ms * design.file_bytes)
    ranks = sorted([design.training for design in order].index(one) for one in busy)
    parts = [rank * SPREAD // len(designs) for rank in ranks]
    assert parts == list(range(SPREAD))
    assert len({one.breakpoint for one in busy}) > 1
    assert len({one.width for one in busy}) > 1


def gains(
    designs: list[Design], past: list[Observation], running: list[Design]
) -> dict[Training, float]:
    """Expected improvement of every design."""
    proposer = CompositeProposer(designs, 0)
    surrogate = proposer._surrogate(proposer._taken_in(past))
    at = np.array([designs.index(design) for design in running], dtype=np.intp)
    left = [designs[place] for place in surrogate.shortlist]
    values = proposer._gains(surrogate, at)
    return {design.training: gain for design, gain in zip(left, values, strict=True)}


def history(count: int = 12) -> tuple[list[Design], list[Observation]]:
    designs = feasible()
    return designs, [seen(design.training) for design in designs[:count]]


def test_a_running_training_takes_the_gain_of_its_likes() -> None:
    designs, past = history()
    before = gains(designs, past, [])
    best = max(designs[12:], key=lambda design: before[design.training])
    after = gains(designs, past, [best])
    assert after[best.training] < 0.3 * before[best.training]
    assert sum(after.values()) < sum(before.values())


def test_a_stopped_training_lowers_the_hopes_of_its_likes() -> None:
    designs, past = history()
    before = gains(designs, past, [])
    best = max(designs[12:], key=lambda design: before[design.training]).training
    bad = Observation(best, math.nan, 0.1, stopped=True)
    # Something tiny that is better than all makes the stop believable: 0.1 at least, 0.15 at most.
    tiny = Design(Training("A", 63, 0.35, 96), 0.1, 10)
    designs = [*[one for one in designs if one.training != tiny.training], tiny]
    good = Observation(tiny.training, 0.15, 0.15)
    at = np.array([[one.training for one in designs].index(best)])
    proposer = CompositeProposer(designs, 0)
    hopeful, doubtful = (
        proposer._surrogate(proposer._taken_in(seen)).posterior.median_of(at)
        for seen in ([*past, good], [*past, good, bad])
    )
    assert doubtful[0] < hopeful[0]


def test_a_stopped_training_is_imputed_between_its_ap_and_its_rival() -> None:
    designs, past = history()
    proposer = CompositeProposer(designs, 0)
    surrogate = proposer._surrogate(proposer._taken_in(past))
    largest = max(designs[12:], key=lambda d: d.latency_ms * d.file_bytes)
    for val_ap in (0.05, 0.3, 0.95):
        imputed = surrogate._imputed(np.array([designs.index(largest)]), np.array([val_ap]))
        # `seen` reports a validation AP that is 0.02 above the AP.
        assert imputed[0] >= val_ap - 0.02 - 1e-9
        assert imputed[0] <= max(val_ap - 0.02, max(one.ap for one in past)) + 1e-9


def test_foresees_about_how_many_trainings_are_worth_it() -> None:
    designs, past, ahead = feasible(), list[Any](), list[int]()
    proposer = make_proposer("composite", designs, 3)
    while (training := proposer.propose(past, [])) and proposer.expected_gain >= 5e-4:
        if len(past) >= 6:
            ahead.append(len(past) + len(proposer.forecast(past, [], 64, 5e-4)))
        past.append(seen(training))
    assert len(past) > 8
    assert np.median(ahead) == pytest.approx(len(past), rel=1 / 3)
    assert proposer.forecast(past, [], 64, 5e-4) == []
    assert len(proposer.forecast(past, [], 64, 0.0)) == min(64, len(designs) - len(past))


def test_importing_the_proposers_imports_nothing_heavy() -> None:
    code = (
        "import sys, dse.pareto, dse.search.proposers, dse.search.stopping;"
        "heavy = 'sklearn', 'scipy', 'optuna', 'torch', 'numba';"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
