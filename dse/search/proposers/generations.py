"""NSGA-II that counts its generations by what ended, so that it can be rebuilt from a list.

Optuna's own sampler writes the generation on a trial when it is asked for it. A trial that is
added afterwards, as a resumed search does, has none and would never become a parent.
"""

from __future__ import annotations

from optuna.samplers import NSGAIISampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

__all__ = ["ReplayedNsga2"]


class ReplayedNsga2(NSGAIISampler):
    """Each `population_size` usable trials are one generation, in the order of their numbers.

    A trial that violates a constraint (nobody can train it) belongs to no generation: it is
    as if it had never been born.
    """

    def get_trial_generation(self, study: Study, trial: FrozenTrial) -> int:
        """The generation that `trial` is born into, from 0."""
        return len(self._usable(study)) // self._size

    def get_population(self, study: Study, generation: int) -> list[FrozenTrial]:
        """The trials of one generation, at most `population_size`."""
        return self._usable(study)[generation * self._size : (generation + 1) * self._size]

    @property
    def _size(self) -> int:
        assert self.population_size is not None  # NSGA-II always has one
        return self.population_size

    def _usable(self, study: Study) -> list[FrozenTrial]:
        trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        return [trial for trial in trials if max(trial.constraints.values(), default=0.0) <= 0.0]
