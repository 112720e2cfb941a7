"""The record of a study: Optuna's journal file, one trial per training.

Only the driver writes it (`shared_journal` has the record that several drivers write). Every
line is one JSON object; a line that a kill cut short is put aside when the study is opened for
writing, and what it said happens again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dse.errors import CorruptJournal, UsageError
from dse.schema import shown
from dse.space import SearchSpace, Training
from dse.study.journal_lines import KMODEL, broken_tail, line_of_trial, readable_by_optuna

if TYPE_CHECKING:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.trial import FrozenTrial, TrialState

__all__ = ["WARM", "Entry", "Journal", "read_entries"]

PARAMETERS = ("breakpoint", "frozen_until", "width", "input_size")
DIRECTIONS: list[Literal["maximize", "minimize"]] = ["maximize", "minimize", "minimize"]
"""Of a trial's values: AP, latency_ms, kmodel_bytes."""

STATES = {"COMPLETE": "complete", "PRUNED": "stopped", "FAIL": "failed"}
"""An entry's state by Optuna's name of it; any other is "running"."""

WARM = "warm_from"
"""Key of an outcome that comes from another study, and names it."""


@dataclass(frozen=True)
class Entry:
    """One trial as recorded.

    state: "running" (or interrupted), "complete", "stopped" or "failed".
    outcome: what the training reported; {"error": ...} of a failed one.
    kmodel: measures of its compiled kmodel, if taken.
    elapsed_s: search time when it ended, summed over interruptions.
    elsewhere: it is another driver's, and its files are on that driver's disk.
    """

    number: int
    training: Training
    state: str
    outcome: dict[str, Any] = field(default_factory=dict)
    kmodel: dict[str, Any] | None = None
    elapsed_s: float = 0.0
    ended: datetime | None = None
    elsewhere: bool = False

    def ap(self, format: str) -> float:
        """AP in `format`, 0..1; NaN where it was not measured."""
        return or_nan((self.outcome.get("ap") or {}).get(format))


def or_nan(value: float | None) -> float:
    """A figure of the record, which has no word for NaN."""
    return math.nan if value is None else float(value)


class Journal:
    """Writes and reads the trials of one study.

    Lifetime: `Journal(path, name)` creates or opens the file; `start` a training, then once
    `finish`, `stop` or `fail` it; `measured` adds the kmodel's figures later. `entries` reads.
    Every call is one write, on the disk when the call returns. `news` and `orphans` are
    about other drivers, which a file does not have.
    """

    _study: optuna.Study
    _file: Any = None

    def __init__(self, path: Path, name: str) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        # A process killed while it appended leaves Optuna's lock behind, which would cost
        # the next one half a minute. The study's own lock says that nobody else writes.
        path.with_name(f"{path.name}.lock").unlink(missing_ok=True)
        self._file = _journal_file(path)
        with readable_by_optuna(path):
            self._study = optuna.create_study(
                storage=_storage(self._file),
                study_name=name,
                directions=DIRECTIONS,
                load_if_exists=True,
            )

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing is left to do: all is on the disk."""

    def start(self, training: Training, space: SearchSpace) -> int | None:
        """Opens a trial for `training`, in one line. Returns its number; None where another
        driver has the training."""
        storage, trial = self._study._storage, new_trial("RUNNING", training, space)
        return storage.get_trial_number_from_id(
            storage.create_new_trial(self._study._study_id, template_trial=trial)
        )

    def adopt(
        self,
        training: Training,
        space: SearchSpace,
        values: Sequence[float],
        outcome: Mapping[str, Any],
    ) -> None:
        """Enters a training that was finished elsewhere, in one line; values as of `finish`."""
        noted = {"outcome": dict(outcome), "elapsed_s": 0.0}
        trial = new_trial("COMPLETE", training, space, values=list(values), user_attrs=noted)
        self._study.add_trial(trial)

    def finish(
        self, number: int, values: Sequence[float], outcome: Mapping[str, Any], elapsed_s: float
    ) -> None:
        """Closes a trial as complete; values: AP, latency_ms, kmodel_bytes."""
        from optuna.trial import TrialState

        self._close(number, TrialState.COMPLETE, outcome, elapsed_s, values)

    def stop(self, number: int, outcome: Mapping[str, Any], elapsed_s: float) -> None:
        """Closes a trial as stopped early."""
        from optuna.trial import TrialState

        self._close(number, TrialState.PRUNED, outcome, elapsed_s)

    def fail(self, number: int, error: Mapping[str, Any], elapsed_s: float) -> None:
        """Closes a trial as failed."""
        from optuna.trial import TrialState

        self._close(number, TrialState.FAIL, error, elapsed_s)

    def measured(self, training: Training, kmodel: Mapping[str, Any]) -> None:
        """Adds the measures of a training's kmodel."""
        self._study.set_user_attr(f"{KMODEL}{training.id}", dict(kmodel))

    def entries(self) -> list[Entry]:
        """Every trial, by number."""
        return _entries(self._study, self._belongs_elsewhere)

    def news(self) -> bool:
        """Whether another driver may have written since this was last asked."""
        return False

    def orphans(self) -> list[Training]:
        """Trainings that another driver began and, being dead, will not finish."""
        return []

    def _belongs_elsewhere(self, trial: FrozenTrial) -> bool:
        return False

    def entry(self, number: int) -> Entry | None:
        """One trial, None if it was given up; costs the same however many there are."""
        storage = self._study._storage
        trial = storage.get_trial(self._trial_id(number))
        attributes = storage.get_study_user_attrs(self._study._study_id)
        return None if given_up(trial) else _entry(trial, attributes, self._belongs_elsewhere)

    def _one_write(self) -> AbstractContextManager[None]:
        """Around records that reach the disk together, where the record is a file."""
        return self._file.one_write() if self._file else nullcontext()

    def _trial_id(self, number: int) -> int:
        storage = self._study._storage
        return storage.get_trial_id_from_study_id_trial_number(self._study._study_id, number)

    def _close(
        self,
        number: int,
        state: TrialState,
        outcome: Mapping[str, Any],
        elapsed_s: float,
        values: Sequence[float] | None = None,
    ) -> None:
        """The outcome, and the trial's end in `state`, in one write."""
        storage, trial_id = self._study._storage, self._trial_id(number)
        noted = {"outcome": dict(outcome), "elapsed_s": round(elapsed_s, 3)}
        with self._one_write():
            for key, value in noted.items():
                storage.set_trial_user_attr(trial_id, key, value)
            # (`Study.tell` would do, were it not for a deep copy of the trial.)
            ends = None if values is None else [float(value) for value in values]
            storage.set_trial_state_values(trial_id, state, ends)


def read_entries(path: Path, name: str) -> list[Entry]:
    """The trials in a journal that another process may be writing.

    Raises CorruptJournal for a line that is no record; a last line cut short is left out.
    """
    import optuna

    broken_tail(path)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if not path.exists():
        return []
    try:
        with readable_by_optuna(path):
            study = optuna.load_study(study_name=name, storage=file_storage(path))
    except KeyError:
        # The very first line is not on the disk yet.
        return []
    try:
        return _entries(study)
    except NoTraining as error:
        raise line_of_trial(path, error.trial, str(error)) from None


def new_trial(state: str, training: Training, space: SearchSpace, **more: Any) -> FrozenTrial:
    """A trial of Optuna's for `training`, as one of the choices of `space`; `training_of` reads
    it back."""
    import optuna

    return optuna.trial.create_trial(
        state=optuna.trial.TrialState[state],
        params={name: getattr(training, name) for name in PARAMETERS},
        distributions=_distributions(space),
        **more,
    )


class NoTraining(CorruptJournal):
    """A trial of a journal that is about no training there can be."""

    def __init__(self, trial: int, why: str) -> None:
        hint = "finish the study with the version of dse in its study.toml, or begin another"
        super().__init__(f"trial {trial} is about no training: {shown(why)}", hint)
        self.trial = trial


def training_of(trial: FrozenTrial) -> Training:
    """The training that a trial is about. Raises NoTraining: its id names folders."""
    try:
        training = Training(**{name: trial.params[name] for name in PARAMETERS})
        return Training.parse(training.id)
    except (KeyError, TypeError, ValueError, UsageError) as error:
        raise NoTraining(trial.number, str(error)) from None


def given_up(trial: FrozenTrial) -> bool:
    """Whether a trial was closed without a result or an error: only `shared_journal` does so."""
    return trial.state.name == "FAIL" and "outcome" not in trial.user_attrs


@lru_cache(maxsize=2)
def _distributions(space: SearchSpace) -> dict[str, Any]:
    """The axes of `space` as Optuna knows them, each by its ends: however many values an axis has,
    a trial is as quickly written and read."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    def ends(axis: str) -> tuple[Any, Any]:
        values = getattr(space, axis)
        return min(values), max(values)

    return {
        "breakpoint": CategoricalDistribution(space.breakpoint),
        "frozen_until": IntDistribution(*ends("frozen_until")),
        "width": FloatDistribution(*ends("width")),
        "input_size": IntDistribution(*ends("input_size")),
    }


def file_storage(path: Path) -> JournalStorage:
    """Optuna's storage in the file `path`."""
    return _storage(_journal_file(path))


def _storage(file: Any) -> JournalStorage:
    from optuna.storages import JournalStorage

    return JournalStorage(file)


def _journal_file(path: Path) -> Any:
    """Optuna's journal file, which can put several records into one write.

    A write is a lock, an open and a wait for the disk, which together cost more than all else
    that the driver does for a training.
    """
    from optuna.storages.journal import JournalFileBackend

    class JournalFile(JournalFileBackend):
        _held: list[dict[str, Any]] | None = None

        def append_logs(self, logs: list[dict[str, Any]]) -> None:
            if self._held is None:
                super().append_logs(logs)
            else:
                self._held += logs

        @contextmanager
        def one_write(self) -> Iterator[None]:
            """Records made inside are on the disk when the block ends, or none of them."""
            held: list[dict[str, Any]] = []
            self._held = held
            try:
                yield
            finally:
                self._held = None
            super().append_logs(held)

    return JournalFile(str(path))


def _entries(
    study: optuna.Study, elsewhere: Callable[[FrozenTrial], bool] = lambda trial: False
) -> list[Entry]:
    attributes, trials = study.user_attrs, study.get_trials(deepcopy=False)
    return [_entry(trial, attributes, elsewhere) for trial in trials if not given_up(trial)]


def _entry(
    trial: FrozenTrial, attributes: Mapping[str, Any], elsewhere: Callable[[FrozenTrial], bool]
) -> Entry:
    """`trial` as an entry. attributes: of its study."""
    training = training_of(trial)
    return Entry(
        number=trial.number,
        training=training,
        state=STATES.get(trial.state.name, "running"),
        outcome=trial.user_attrs.get("outcome", {}),
        kmodel=attributes.get(f"{KMODEL}{training.id}"),
        elapsed_s=float(trial.user_attrs.get("elapsed_s", 0.0)),
        ended=trial.datetime_complete,
        elsewhere=elsewhere(trial),
    )
