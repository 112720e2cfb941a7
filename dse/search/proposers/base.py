"""What a proposer is: it says which training comes next.

    designs = every training whose kpu8 candidate fits the target, with its exact cost
    proposer = make_proposer("composite", designs, seed)
    while (training := proposer.propose(finished, running)) is not None:
        ...train it, add its Observation to `finished`...

A proposer keeps no memory between two calls. What it answers depends on its designs, its
seed and the two arguments, so a search that was killed goes on with a new proposer object
exactly as the old one would have.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from dse.space import Training

__all__ = ["DEFAULT_BUDGET", "Design", "Observation", "Proposer"]

DEFAULT_BUDGET = 50
"""Trainings a search is expected to pay for when nobody says (the command line's default)."""


@dataclass(frozen=True)
class Design:
    """A feasible training and the cost of its deployable (kpu8) candidate."""

    training: Training
    latency_ms: float
    kmodel_bytes: int


@dataclass(frozen=True)
class Observation:
    """What became of a training.

    ap: AP of the kpu8 candidate, 0..1; NaN where it was not measured (stopped, failed).
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


class Proposer(abc.ABC):
    """Chooses the next training among the feasible designs.

    Subclasses write `_choose`; `propose` has already taken out what is used. Everything
    random in `_choose` has to come from `self.seed` and its arguments.
    """

    name: ClassVar[str]

    def __init__(self, designs: Sequence[Design], seed: int, budget: int = DEFAULT_BUDGET) -> None:
        """designs: all feasible ones, each training once; budget: trainings to be expected."""
        self.designs = tuple(designs)
        self.seed = seed
        self.budget = budget
        self._by_id = {design.training.id: design for design in self.designs}

    def propose(self, finished: Sequence[Observation], running: Sequence[str]) -> Training | None:
        """The next training, or None when every design is used.

        finished: all that ended, in the order in which they ended, stopped and failed ones
        too; running: ids of the trainings under way. Trainings that are no design of this
        search are left aside.
        """
        known = [seen for seen in finished if seen.training.id in self._by_id]
        done = {seen.training.id for seen in known}
        # A training may be reported while it still counts as running: its result wins.
        busy = [self._by_id[id] for id in dict.fromkeys(running) if id in self._by_id.keys() - done]
        used = done | {design.training.id for design in busy}
        free = [design for design in self.designs if design.training.id not in used]
        return self._choose(free, known, busy).training if free else None

    @abc.abstractmethod
    def _choose(
        self,
        free: Sequence[Design],
        finished: Sequence[Observation],
        running: Sequence[Design],
    ) -> Design:
        """One of `free` (never empty), given what ended and what is under way."""
