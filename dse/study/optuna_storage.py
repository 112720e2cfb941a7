"""Optuna's storage, where it has no public face: the one place that reaches behind it.

`Study.tell` and `Study.ask` copy whole trials and cannot close one from another process; the
storage below them can. Optuna's version is pinned.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.storages.journal._storage import JournalStorageReplayResult
from optuna.trial import FrozenTrial, TrialState

__all__ = [
    "DIRECTIONS",
    "VALUES",
    "TrialStore",
    "fails_to_replay",
    "file_storage",
    "name_values",
    "trial_id",
]

DIRECTIONS: list[Literal["maximize", "minimize"]] = ["maximize", "minimize", "minimize"]
"""Of a trial's values."""

VALUES = ("AP", "latency, ms", "file, bytes")
"""What they are called, in optuna-dashboard as well."""


def name_values(study: optuna.Study) -> None:
    """Names a study's values, once."""
    if study.metric_names is None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            study.set_metric_names([*VALUES])


class JournalFile(JournalFileBackend):
    """Optuna's journal file, which can put several records into one write.

    A write is a lock, an open and a wait for the disk, which together cost more than all else
    that the driver does for a training.
    """

    _held: list[dict[str, Any]] | None = None

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Writes records, or keeps them for the end of `one_write`."""
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


class TrialStore:
    """The trials of one of Optuna's studies, written one by one."""

    def __init__(self, study: optuna.Study, file: JournalFile | None = None) -> None:
        """file: where the study lies, if in a file."""
        self._study, self._file = study, file
        self._storage: Any = study._storage
        self._study_id = study._study_id

    @classmethod
    def in_file(cls, path: Path, name: str) -> TrialStore:
        """The study `name` in the file `path`, created if need be."""
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        file = JournalFile(str(path))
        study = optuna.create_study(
            storage=JournalStorage(file),
            study_name=name,
            directions=DIRECTIONS,
            load_if_exists=True,
        )
        name_values(study)
        return cls(study, file)

    @classmethod
    def read(cls, path: Path, name: str) -> TrialStore:
        """The study `name` in the file `path`. Raises KeyError where it is not there."""
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        return cls(optuna.load_study(study_name=name, storage=file_storage(path)))

    @property
    def study(self) -> optuna.Study:
        """The study itself."""
        return self._study

    @property
    def study_storage(self) -> Any:
        """Where the study lies, as Optuna copies from it."""
        return self._storage

    @property
    def attributes(self) -> Mapping[str, Any]:
        """What is noted of the study; not to be changed."""
        found: Mapping[str, Any] = self._storage.get_study_user_attrs(self._study_id)
        return found

    def note(self, key: str, value: Any) -> None:
        """Notes something of the study."""
        self._study.set_user_attr(key, value)

    def trials(self) -> list[FrozenTrial]:
        """Every trial, by number; not to be changed."""
        return self._study.get_trials(deepcopy=False)

    def trial(self, number: int) -> FrozenTrial:
        """One trial; costs the same however many there are."""
        found: FrozenTrial = self._storage.get_trial(self._id(number))
        return found

    def begin(self, template: FrozenTrial) -> FrozenTrial:
        """A new trial like `template`, in one record. Raises ValueError where the axes of the study
        are of another kind."""
        id = self._storage.create_new_trial(self._study_id, template_trial=template)
        found: FrozenTrial = self._storage.get_trial(id)
        return found

    def add(self, ended: FrozenTrial) -> None:
        """A trial that has ended already, in one record."""
        self._study.add_trial(ended)

    def close(
        self,
        number: int,
        state: str,
        notes: Mapping[str, Any],
        values: Sequence[float] | None = None,
    ) -> None:
        """Notes of a trial and its end in `state`, in one write where the study is in a file."""
        id = self._id(number)
        ends = None if values is None else [float(value) for value in values]
        if self._file is None:
            self._close(id, state, notes, ends)
            return
        with self._file.one_write():
            self._close(id, state, notes, ends)

    def give_up(self, trial: FrozenTrial) -> None:
        """Closes a trial without a word on why."""
        self._storage.set_trial_state_values(trial_id(trial), TrialState.FAIL)

    def beat(self, id: int) -> None:
        """Says that the trial with this `trial_id` is alive."""
        self._storage.record_heartbeat(id)

    def _close(
        self, id: int, state: str, notes: Mapping[str, Any], values: list[float] | None
    ) -> None:
        for key, value in notes.items():
            self._storage.set_trial_user_attr(id, key, value)
        # (`Study.tell` would do, were it not for a deep copy of the trial.)
        self._storage.set_trial_state_values(id, TrialState[state], values)

    def _id(self, number: int) -> int:
        id: int = self._storage.get_trial_id_from_study_id_trial_number(self._study_id, number)
        return id


def trial_id(trial: FrozenTrial) -> int:
    """What a storage knows a trial by."""
    return trial._trial_id


def file_storage(path: Path) -> JournalStorage:
    """Optuna's storage in the file `path`."""
    return JournalStorage(JournalFile(str(path)))


def fails_to_replay() -> Callable[[dict[str, Any]], bool]:
    """Tells of records, one after the other, whether Optuna fails at it."""
    replay = JournalStorageReplayResult("")

    def fails(record: dict[str, Any]) -> bool:
        try:
            replay.apply_logs([record])
        except Exception:  # whatever a record made its code do
            return True
        return False

    return fails
