"""What every proposer has to do. A proposer's own test class inherits these tests.

class TestMine(ProposerConformance):
    name = "mine"
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from dse.search.proposers import Design, Observation, Proposer, make_proposer
from dse.space import SearchSpace, Training


def invented_design(training: Training) -> Design:
    """Costs that grow as real ones do; the numbers are invented."""
    depth = {"A": 1.0, "B": 1.6, "C": 1.8}[training.breakpoint]
    latency_ms = 1e-3 * training.canvas.area * (0.2 + training.width) * depth
    file_bytes = int(4e5 * (0.2 + training.width) ** 1.7 * depth**3)
    return Design(training, latency_ms, file_bytes)


def invented_ap(training: Training) -> float:
    """An AP that favours pixels, channels and breakpoint A; invented."""
    bonus = {"A": 0.1, "B": 0.0, "C": 0.08}[training.breakpoint]
    gain = 0.1 * math.log2(training.canvas.area / 96**2) + 0.15 * math.log2(training.width / 0.35)
    return 0.4 + bonus + 0.5 * math.tanh(gain)


def every_design() -> list[Design]:
    return [invented_design(one) for one in SearchSpace.load("mobilenetv2_face").trainings()]


def feasible(count: int = 60) -> list[Design]:
    """`count` designs with holes between them, as limits leave them."""
    return random.Random(5).sample(every_design(), count)


def seen(training: Training) -> Observation:
    ap = invented_ap(training)
    return Observation(training, ap, ap + 0.02)


def stopped(training: Training) -> Observation:
    return Observation(training, math.nan, invented_ap(training) - 0.2, stopped=True)


def failed(training: Training) -> Observation:
    return Observation(training, math.nan, math.nan)


class ProposerConformance:
    """Inherited by the test class of every proposer."""

    name: ClassVar[str]
    steps: ClassVar[int] = 16
    """Proposals of one search: past the random or spread start, and quick."""

    def make(self, designs: list[Design], seed: int = 0) -> Proposer:
        return make_proposer(self.name, designs, seed, budget=self.steps)

    def search(self, designs: list[Design], seed: int, steps: int) -> list[Training]:
        """Proposals of a search in which each training ends before the next."""
        proposer, past = self.make(designs, seed), list[Any]()
        for _ in range(steps):
            training = proposer.propose(past, [])
            assert training is not None
            past.append(seen(training))
        return [one.training for one in past]

    def test_proposes_each_feasible_design_once(self) -> None:
        designs = feasible()
        proposed = self.search(designs, seed=1, steps=self.steps)
        assert len(set(proposed)) == self.steps
        assert set(proposed) <= {design.training for design in designs}

    def test_proposes_all_of_them_and_then_none(self) -> None:
        designs = feasible(9)
        proposed = self.search(designs, seed=2, steps=9)
        assert set(proposed) == {design.training for design in designs}
        assert self.make(designs).propose([seen(one) for one in proposed], []) is None

    def test_foresees_trainings_that_are_left(self) -> None:
        designs = feasible(20)
        past = [seen(design.training) for design in designs[:4]]
        proposer, busy = self.make(designs), [designs[4].training.id]
        for most in (0, 1, 10, 100):
            found = proposer.forecast(past, busy, most, 0.0)
            assert len(found) == len(set(found)) == min(most, 15)
            assert not {one.id for one in found} & {one.training.id for one in designs[:5]}
        assert proposer.propose(past, busy) is not None

    def test_has_nothing_to_propose_without_designs(self) -> None:
        assert self.make([]).propose([], []) is None

    def test_a_single_design_is_proposed(self) -> None:
        only = feasible(1)
        assert self.make(only).propose([], []) == only[0].training
        assert self.make(only).propose([], [only[0].training.id]) is None

    def test_same_seed_same_search(self) -> None:
        searches = [self.search(feasible(), seed, self.steps) for seed in (4, 4, 5)]
        assert searches[0] == searches[1]
        assert searches[0] != searches[2]

    def test_a_new_object_goes_on_where_the_old_one_was(self) -> None:
        designs = feasible()
        whole = self.search(designs, seed=6, steps=self.steps)
        for done in (0, 1, self.steps // 2, self.steps - 1):
            fresh = self.make(designs, seed=6)
            assert fresh.propose([seen(one) for one in whole[:done]], []) == whole[done]

    def test_asking_twice_answers_twice_the_same(self) -> None:
        proposer = self.make(feasible(), seed=8)
        past = [seen(one) for one in self.search(feasible(), seed=8, steps=7)]
        assert proposer.propose(past, ["x"]) == proposer.propose(past, ["x"])

    @pytest.mark.parametrize("running", [1, 4])
    def test_never_proposes_what_is_running(self, running: int) -> None:
        proposer = self.make(feasible(), seed=3)
        past: list[Observation] = []
        busy: list[Training] = []
        for _ in range(self.steps):
            training = proposer.propose(past, [one.id for one in busy])
            assert training is not None
            assert training not in busy
            assert training not in [one.training for one in past]
            busy.append(training)
            if len(busy) > running:
                past.append(seen(busy.pop(0)))

    def test_proposes_while_everything_is_still_running(self) -> None:
        designs = feasible(8)
        proposer, busy = self.make(designs), list[Any]()
        while (training := proposer.propose([], busy)) is not None:
            busy.append(training.id)
        assert sorted(busy) == sorted(design.training.id for design in designs)

    def test_tolerates_stopped_and_failed_trainings(self) -> None:
        designs = feasible()
        kinds = (seen, stopped, failed, seen, stopped)
        proposer, past = self.make(designs, seed=9), list[Any]()
        for step in range(self.steps):
            training = proposer.propose(past, [])
            assert training is not None
            past.append(kinds[step % len(kinds)](training))
        assert len({one.training for one in past}) == self.steps

    @pytest.mark.parametrize("kind", [stopped, failed])
    def test_tolerates_a_past_without_a_single_ap(
        self, kind: Callable[[Training], Observation]
    ) -> None:
        designs = feasible(20)
        past = [kind(design.training) for design in designs[:12]]
        training = self.make(designs).propose(past, [])
        assert training in {design.training for design in designs[12:]}

    def test_leaves_aside_what_is_no_design_of_this_search(self) -> None:
        designs = feasible(20)
        stranger = Training("A", 63, 0.35, 500)
        past = [seen(designs[0].training)]
        with_stranger = self.make(designs).propose([*past, seen(stranger)], [stranger.id])
        assert with_stranger == self.make(designs).propose(past, [])

    def test_a_result_counts_before_its_name_leaves_the_running(self) -> None:
        designs = feasible(20)
        past = [seen(design.training) for design in designs[:7]]
        late = self.make(designs).propose(past, [designs[0].training.id])
        assert late == self.make(designs).propose(past, [])

    def test_equal_aps_and_costs_are_no_trouble(self) -> None:
        designs = [Design(design.training, 10.0, 1000) for design in feasible(20)]
        past = [Observation(design.training, 0.5, 0.5) for design in designs[:12]]
        training = self.make(designs).propose(past, [])
        assert training in {design.training for design in designs[12:]}

    @pytest.mark.parametrize("seed", [0, 2**31 - 1, 2**40])
    def test_takes_any_seed_that_is_not_negative(self, seed: int) -> None:
        assert self.make(feasible(10), seed).propose([], []) is not None
