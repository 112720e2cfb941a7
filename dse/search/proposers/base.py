"""What a proposer is: it says which training comes next.

    designs = every training with a candidate that the chip can run, with its exact cost
    proposer = make_proposer("composite", designs, seed)
    while (training := proposer.propose(finished, running)) is not None:
        ...train it, add its Observation to `finished`...

What a proposer answers depends on its designs, its seed and the two arguments, so a search that
was killed goes on with a new proposer object exactly as the old one would have. It may remember
what it made of a `finished` that has only grown since: that saves time and changes no answer.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from dse.space import Training
from dse.study.design import Design

__all__ = ["DEFAULT_BUDGET", "Design", "Observation", "ObservationHistory", "Proposer"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
"""Indices into a proposer's designs."""

DEFAULT_BUDGET = 50
"""Trainings a search is expected to pay for when nobody says (the command line's default)."""


@dataclass(frozen=True)
class Observation:
    """What became of a training.

    ap: AP of the deployable candidate, 0..1; NaN where it was not measured (stopped, failed).
    val_ap: AP of the last epoch on the validation pictures; NaN where there is none.
    stopped: ended early, because a finished design beats it already.
    A failed training is one with `ap` and `val_ap` NaN: it is not proposed again.
    """

    training: Training
    ap: float
    val_ap: float
    stopped: bool = False

    @property
    def is_finished(self) -> bool:
        """Trained to the end, with an AP that counts."""
        return not self.stopped and math.isfinite(self.ap)


@dataclass
class ObservationHistory:
    """The observations of designs, in the order in which they ended, as a proposer needs them.

    told: all that was ever given, strangers too; observations (n): those of designs; at (n,):
    their designs; used: (designs,) which were observed.
    """

    used: NDArray[np.bool_]
    told: list[Observation]
    observations: list[Observation]
    at: list[int]

    def __len__(self) -> int:
        return len(self.at)


class Proposer(abc.ABC):
    """Chooses the next training among the feasible designs.

    Subclasses write `_choose`; `propose` has already taken out what is used. Everything
    random in `_choose` has to come from `self.seed` and its arguments.
    """

    name: ClassVar[str]

    expected_gain: float = math.inf
    """In hypervolume by the last proposal, as a share of the box; infinite where unknown."""

    def __init__(self, designs: Sequence[Design], seed: int, budget: int = DEFAULT_BUDGET) -> None:
        """designs: all feasible ones, each training once; budget: trainings to be expected."""
        self.designs = tuple(designs)
        self.seed = seed
        self.budget = budget
        self._place = {design.training.id: at for at, design in enumerate(self.designs)}
        self._history = self._nothing()

    def propose(self, finished: Sequence[Observation], running: Sequence[str]) -> Training | None:
        """The next training, or None when every design is used.

        finished: all that ended, in the order in which they ended, stopped and failed ones
        too; running: ids of the trainings under way. Trainings that are no design of this
        search are left aside.
        """
        history = self._taken_in(finished)
        # A training may be reported while it still counts as running: its result wins.
        known = [self._place[id] for id in dict.fromkeys(running) if id in self._place]
        busy = np.array([at for at in known if not history.used[at]], dtype=np.intp)
        free = ~history.used
        free[busy] = False
        return self.designs[self._choose(free, history, busy)].training if free.any() else None

    def forecast(
        self, finished: Sequence[Observation], running: Sequence[str], most: int, least_gain: float
    ) -> list[Training]:
        """The trainings that are expected to be proposed yet, at most so many, until none is
        expected to gain `least_gain`: here any, spread over what is left.

        finished, running: as of `propose`.
        """
        free = ~self._taken_in(finished).used
        free[[self._place[id] for id in running if id in self._place]] = False
        left = np.flatnonzero(free)
        step = max(1, len(left) // max(1, most))
        return [self.designs[at].training for at in left[::step][:most]]

    @abc.abstractmethod
    def _choose(self, free: NDArray[np.bool_], history: ObservationHistory, running: Places) -> int:
        """The place of one of the designs that are `free`, given what ended and what is under way.

        free: (designs,), at least one is.
        history: the same object as before, longer, for as long as what ended has only grown.
        """

    def _taken_in(self, finished: Sequence[Observation]) -> ObservationHistory:
        """`finished` as an `ObservationHistory`: what is new added, or all once more."""
        # Observations that are the same objects compare in no time.
        if finished[: len(self._history.told)] != self._history.told:
            self._history = self._nothing()
        history = self._history
        for seen in finished[len(history.told) :]:
            history.told.append(seen)
            at = self._place.get(seen.training.id)
            if at is not None:
                history.observations.append(seen)
                history.at.append(at)
                history.used[at] = True
        return history

    def _nothing(self) -> ObservationHistory:
        return ObservationHistory(np.zeros(len(self.designs), dtype=bool), [], [], [])
