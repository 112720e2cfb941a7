"""Optuna's samplers as proposers: TPE, NSGA-II and a Gaussian process.

They see a study with three objectives (AP up, latency and size down, on the logarithmic scales
in which the search is judged) over the product of the axes' values, and know nothing of
feasibility. What they suggest and nobody can train (infeasible, or used already) is told to
them as a violated constraint, and they are asked again; after `ASKS` suggestions the unused
design nearest to the first one is taken.

Every proposal rebuilds an in-memory study from the observations, so the answer depends on
nothing else, and a resumed search goes on as if it had never stopped.
"""

from __future__ import annotations

import abc
import importlib.util
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.axes import in_order
from dse.errors import DseError
from dse.pareto import ObjectiveBox
from dse.search.proposers.base import (
    DEFAULT_BUDGET,
    Design,
    Observation,
    ObservationHistory,
    Places,
    Proposer,
)
from dse.space import Training

__all__ = ["GpProposer", "Nsga2Proposer", "OptunaProposer", "TpeProposer"]

ASKS = 20
"""Suggestions that a sampler may make before the nearest unused design is taken instead."""

ORDINAL = ("frozen_until", "width", "input_size")
"""Axes whose values have an order: the sampler sees the value's place in it, from 0."""

CHOICES = ("breakpoint", "head")
"""Axes whose values have no order; the second is left out where it has one value."""

Point = Mapping[str, Any]
"""What a sampler suggests: a letter for the breakpoint, a place for each ordinal axis, and a head
where there are several."""


class OptunaProposer(Proposer):
    """An Optuna sampler on the feasible designs. Subclasses say which sampler.

    A stopped training counts with its validation AP, the only one it has: samplers of this
    kind have no notion of a value that is only a bound. A failed one is told as violating.
    """

    asks = ASKS

    def __init__(self, designs: Sequence[Design], seed: int, budget: int = DEFAULT_BUDGET) -> None:
        super().__init__(designs, seed, budget)
        trainings = [design.training for design in self.designs]
        choices = {axis: sorted({getattr(one, axis) for one in trainings}) for axis in CHOICES}
        self._choices = {
            axis: values
            for axis, values in choices.items()
            if axis == "breakpoint" or len(values) > 1
        }
        self._values = {
            axis: sorted({getattr(t, axis) for t in trainings}, key=partial(in_order, axis))
            for axis in ORDINAL
        }

    @abc.abstractmethod
    def _sampler(self, seed: int) -> Any:
        """A new sampler of this kind."""

    def _choose(self, free: NDArray[np.bool_], history: ObservationHistory, running: Places) -> int:
        import optuna

        finished = history.observations
        unused = [self.designs[at] for at in np.flatnonzero(free)]

        # Each proposal draws from its own stream, or a rebuilt sampler would repeat itself.
        seed = (self.seed * 1_000_003 + len(finished) + len(running)) % 2**32
        with _quiet():
            study = optuna.create_study(
                directions=["maximize", "minimize", "minimize"], sampler=self._sampler(seed)
            )
            self._tell_history(study, finished, [self.designs[at] for at in running])
            chosen = self._suggested(study, {self._key(d.training): d for d in unused}, unused)
        return self._place[chosen.training.id]

    def _suggested(
        self, study: Any, by_key: Mapping[tuple[Any, ...], Design], free: Sequence[Design]
    ) -> Design:
        """The first suggestion that is in `free`, or the design nearest to the very first."""
        first: Point = {}
        for _ in range(self.asks):
            trial = study.ask(self._distributions())
            first = first or dict(trial.params)
            design = by_key.get(tuple(trial.params[axis] for axis in (*self._choices, *ORDINAL)))
            if design is not None:
                return design
            trial.set_constraint("usable", 1.0)
            study.tell(trial, self._worst())
        return min(free, key=lambda design: self._distance(first, self._point(design.training)))

    def _tell_history(
        self, study: Any, finished: Sequence[Observation], running: Sequence[Design]
    ) -> None:
        """Put what ended and what is under way into an empty study, in that order."""
        for seen in finished:
            values = self._objectives(seen)
            violation = 0.0 if values else 1.0
            self._record(study, self._point(seen.training), values or self._worst(), violation)
        for design in running:
            self._record(study, self._point(design.training), None, None)

    def _record(
        self, study: Any, point: Point, values: list[float] | None, violation: float | None
    ) -> None:
        """Add a trial that has ended, or one under way when there are no values."""
        from optuna.trial import TrialState, create_trial

        study.add_trial(
            create_trial(
                state=TrialState.RUNNING if values is None else TrialState.COMPLETE,
                params=dict(point),
                distributions=self._distributions(),
                values=values,
                constraints=None if violation is None else {"usable": violation},
            )
        )

    def _objectives(self, seen: Observation) -> list[float] | None:
        """(AP, latency, size), the costs as shares of the box; None where no AP is known."""
        ap = seen.val_ap if seen.stopped else seen.ap
        design = self.designs[self._place[seen.training.id]]
        if not math.isfinite(ap):
            return None
        return [ap, *self._box.scaled((design.latency_ms, design.file_bytes))[0].tolist()]

    @cached_property
    def _box(self) -> ObjectiveBox:
        return ObjectiveBox.around(self.designs)

    def _worst(self) -> list[float]:
        """The values told with a suggestion that cannot be trained."""
        return [0.0, 1.0, 1.0]

    def _distributions(self) -> dict[str, Any]:
        from optuna.distributions import CategoricalDistribution, IntDistribution

        places = {axis: IntDistribution(0, len(at) - 1) for axis, at in self._values.items()}
        choices = {axis: CategoricalDistribution(one) for axis, one in self._choices.items()}
        return {**choices, **places}

    def _point(self, training: Training) -> dict[str, Any]:
        """`training` as a sampler sees it."""
        places = {axis: self._values[axis].index(getattr(training, axis)) for axis in ORDINAL}
        return {**{axis: getattr(training, axis) for axis in self._choices}, **places}

    def _key(self, training: Training) -> tuple[Any, ...]:
        return tuple(self._point(training).values())

    def _distance(self, here: Point, there: Point) -> float:
        """Axes as shares of their range, added; another breakpoint, or head, counts as a whole
        range."""
        steps = sum(
            abs(here[axis] - there[axis]) / max(1, len(self._values[axis]) - 1) for axis in ORDINAL
        )
        return float(steps + sum(here[axis] != there[axis] for axis in self._choices))

    def _start(self) -> int:
        """Random trainings before a sampler's model begins: a fifth of the budget, 4 to 10."""
        return min(10, max(4, self.budget // 5))


class TpeProposer(OptunaProposer):
    """Tree-structured Parzen estimator for several objectives (Ozaki et al., JAIR 73, 2022)."""

    name = "tpe"

    def _sampler(self, seed: int) -> Any:
        from optuna.samplers import TPESampler

        return TPESampler(seed=seed, n_startup_trials=self._start())


class Nsga2Proposer(OptunaProposer):
    """NSGA-II (Deb et al., IEEE TEVC 6(2), 2002); about five generations in the budget."""

    name = "nsga2"

    def _sampler(self, seed: int) -> Any:
        from dse.search.proposers.generations import ReplayedNsga2

        return ReplayedNsga2(seed=seed, population_size=self._start())


class GpProposer(OptunaProposer):
    """Optuna's Gaussian process, which models latency and size, too. Needs PyTorch."""

    name = "gp"
    asks = 5  # each costs a fit of three processes

    def __init__(self, designs: Sequence[Design], seed: int, budget: int = DEFAULT_BUDGET) -> None:
        """Raises DseError where PyTorch is not installed."""
        if importlib.util.find_spec("torch") is None:
            raise DseError(
                "the proposer 'gp' needs PyTorch, which is not installed",
                "type: pip install 'dse[gp]'   (the default, 'composite', does without)",
            )
        super().__init__(designs, seed, budget)

    def _sampler(self, seed: int) -> Any:
        from optuna.samplers import GPSampler

        return GPSampler(seed=seed, n_startup_trials=self._start(), deterministic_objective=False)


@contextmanager
def _quiet() -> Iterator[None]:
    """Optuna logs each study and trial as it is made; inside, it keeps that to itself."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)
