"""Trials as Optuna has them, and the entries of a journal that they stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dse.axes import USUAL
from dse.detection.heads import DEFAULT_HEAD
from dse.errors import CorruptJournal, UsageError
from dse.schema import shown
from dse.space import TRAINING_AXES, SearchSpace, Training
from dse.study.journal import Entry
from dse.study.journal_lines import MEASURES

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

__all__ = ["NoTraining", "entries_of", "entry_of", "given_up", "new_trial", "notes", "training_of"]

STATES = {"COMPLETE": "complete", "PRUNED": "stopped", "FAIL": "failed"}
"""An entry's state by Optuna's name of it; any other is "running"."""


class NoTraining(CorruptJournal):
    """A trial of a journal that is about no training there can be."""

    def __init__(self, trial: int, why: str) -> None:
        hint = "finish the study with the version of dse in its study.toml, or begin another"
        super().__init__(f"trial {trial} is about no training: {shown(why)}", hint)
        self.trial = trial


def new_trial(state: str, training: Training, space: SearchSpace, **more: Any) -> FrozenTrial:
    """A trial of Optuna's for `training`, as one of the choices of `space`; `training_of` reads
    it back."""
    from optuna.trial import TrialState, create_trial

    return create_trial(
        state=TrialState[state],
        params={name: getattr(training, name) for name in _distributions(space)},
        distributions=_distributions(space),
        **more,
    )


def training_of(trial: FrozenTrial) -> Training:
    """The training that a trial is about. Raises NoTraining: its id names folders."""
    try:
        known = {**USUAL, **trial.params}
        training = Training(**{name: known[name] for name in TRAINING_AXES})
        return Training.parse(training.id)
    except (KeyError, TypeError, ValueError, UsageError) as error:
        raise NoTraining(trial.number, str(error)) from None


def given_up(trial: FrozenTrial) -> bool:
    """Whether a trial was closed without a result or an error: only `shared_journal` does so."""
    return trial.state.name == "FAIL" and "outcome" not in trial.user_attrs


def notes(outcome: Mapping[str, Any], elapsed_s: float) -> dict[str, Any]:
    """What is noted of a trial that ends."""
    return {"outcome": dict(outcome), "elapsed_s": round(elapsed_s, 3)}


def entries_of(
    trials: Iterable[FrozenTrial],
    attributes: Mapping[str, Any],
    elsewhere: Callable[[FrozenTrial], bool] = lambda trial: False,
) -> list[Entry]:
    """Every trial that was not given up. attributes: of their study."""
    return [
        entry_of(trial, attributes, elsewhere(trial)) for trial in trials if not given_up(trial)
    ]


def entry_of(trial: FrozenTrial, attributes: Mapping[str, Any], elsewhere: bool = False) -> Entry:
    """`trial` as an entry. Raises NoTraining."""
    training = training_of(trial)
    measures = attributes.get(f"{MEASURES}{training.id}")
    return Entry(
        number=trial.number,
        training=training,
        state=STATES.get(trial.state.name, "running"),
        outcome=_joined(trial.user_attrs.get("outcome", {}), (measures or {}).get("formats")),
        measures=measures,
        elapsed_s=float(trial.user_attrs.get("elapsed_s", 0.0)),
        ended=trial.datetime_complete,
        elsewhere=elsewhere,
    )


def _joined(outcome: dict[str, Any], formats: Mapping[str, Any] | None) -> dict[str, Any]:
    """`outcome` with the AP in `formats`, which were measured when its design was on the front."""
    more = {key: aps for key, aps in (formats or {}).items() if aps}
    return {**outcome, **{key: {**(outcome.get(key) or {}), **aps} for key, aps in more.items()}}


@lru_cache(maxsize=2)
def _distributions(space: SearchSpace) -> dict[str, Any]:
    """The axes of `space` as Optuna knows them, each by its ends: however many values an axis has,
    a trial is as quickly written and read. Input sizes are choices where one is not square."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    def ends(axis: str) -> tuple[Any, Any]:
        values = getattr(space, axis)
        return min(values), max(values)

    heads = {} if space.head == (DEFAULT_HEAD,) else {"head": CategoricalDistribution(space.head)}
    return {
        "breakpoint": CategoricalDistribution(space.breakpoint),
        "frozen_until": IntDistribution(*ends("frozen_until")),
        "width": FloatDistribution(*ends("width")),
        "input_size": (
            IntDistribution(*ends("input_size"))
            if all(isinstance(size, int) for size in space.input_size)
            else CategoricalDistribution(space.input_size)
        ),
        **heads,
    }
