"""A study's record in a database, written by several drivers at the same time.

The database is Optuna's own (`optuna.storages.RDBStorage`), so `optuna-dashboard` opens it,
too. Three rules keep drivers apart:

claim     A training belongs to the trial with the lowest number among those that run it or
          have ended it. A driver adds its trial, which the database numbers one at a time,
          and then looks: a rival with a lower number was there before, so it gives up.
pulse     A driver says every HEARTBEAT_S that its running trials are alive. Those silent for
          GRACE_S are closed by whoever notices first, and their training is free again. It
          begins anew there: its checkpoint is on the disk of the driver that died.
settings  The driver that creates the study writes down what makes it; others compare.

A trial that failed without a reason is therefore one that was given up, and stands for nothing.
"""

from __future__ import annotations

import json
import os
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import optuna
import sqlalchemy
from optuna.exceptions import (
    DuplicatedStudyError,
    ExperimentalWarning,
    StorageInternalError,
    UpdateFinishedTrialError,
)
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState

from dse.errors import StudyError, UsageError
from dse.files import reported
from dse.space import SearchSpace, Training
from dse.study.journal import (
    DIRECTIONS,
    Entry,
    Journal,
    file_storage,
    given_up,
    new_trial,
    training_of,
)

__all__ = ["SharedJournal", "without_password"]

HEARTBEAT_S, GRACE_S = 20, 60
"""How often a driver says that it lives, and after which silence it counts as dead."""

GLANCE_S = 1.0
"""Between two looks at what others have written."""

SETTINGS, DRIVER = "settings", "driver"
"""Keys of an attribute of the study, and of a trial."""

FILE_WAIT_S = 60
"""For other drivers to let go of an SQLite file; its own 5 s are few on a busy disk."""

TABLES_PAUSES_S = (0.2, 0.5, 1.0)
SETTINGS_WAIT_S = 10.0
"""The driver that creates a study writes its settings next."""


class SharedJournal(Journal):
    """A `Journal` in a database.

    Lifetime: as a journal's, but `with` it: the pulse beats inside. A copy of the record lies
    in the study's folder, as if it had been written there; it is renewed when a training of
    this driver ends, and at the end of the block.
    """

    def __init__(self, url: str, name: str, driver: str, copy: Path) -> None:
        """url: of the database, as SQLAlchemy reads it. name: of the study. driver: this one's
        name, the same when it resumes. copy: where the copy goes.

        Raises UsageError for a URL that is none or whose Python package is missing, StudyError
        where the database does not answer.
        """
        self._url, self._name, self._driver, self._copy = url, name, driver, copy
        self._mine: set[int] = set()
        self._seen: set[int] = set()
        self._looked = -GLANCE_S
        self._ended = threading.Event()
        with self._answering():
            self._study, self._created = _opened(_storage(url), name)
            self._storage: Any = self._study._storage
            for trial in self._trials():
                if trial.state is TrialState.RUNNING and self._is_mine(trial):
                    self._beat(trial)

    def __enter__(self) -> SharedJournal:
        self._pulse = threading.Thread(target=self._beat_on, daemon=True)
        self._pulse.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._pulse.join()
        with suppress(StudyError):
            self._renew_copy()

    def agree(self, settings: Mapping[str, Any]) -> None:
        """Writes down what makes the study, or compares it with what another driver wrote.

        Raises StudyError, with the first difference, where this driver was asked for another
        study.
        """
        mine = json.loads(json.dumps(settings, default=str))
        with self._answering():
            if self._created:
                self._study.set_user_attr(SETTINGS, mine)
            theirs = self._settings()
        different = _first_difference(theirs, mine)
        if different:
            raise StudyError(
                f"study '{self._name}' in the database was made with {different}",
                "give the same settings, or another name with --study",
            )

    def start(self, training: Training, space: SearchSpace) -> int | None:
        """Claims `training`: the number of its trial, or None where another driver has it.

        Raises StudyError where the study names its axes in another way, as older ones do.
        """
        template = new_trial("RUNNING", training, space, user_attrs={DRIVER: self._driver})
        with self._answering():
            study_id = self._study._study_id
            try:
                trial_id = self._storage.create_new_trial(study_id, template_trial=template)
            except ValueError as error:  # the study's axes are of another kind
                raise StudyError(
                    f"study '{self._name}' in the database is of another version of dse: {error}",
                    "finish it with that one, or begin another with --warm-from, without --storage",
                ) from error
            trial: FrozenTrial = self._storage.get_trial(trial_id)
            self._beat(trial)
            if not any(self._precedes(rival, trial) for rival in self._trials()):
                return int(trial.number)
            self._drop(trial)
        return None

    def entries(self) -> list[Entry]:
        """Every trial that was not given up, by number."""
        with self._answering():
            return super().entries()

    def entry(self, number: int) -> Entry | None:
        """One trial, None if it was given up."""
        with self._answering():
            return super().entry(number)

    def measured(self, training: Training, kmodel: Mapping[str, Any]) -> None:
        """Adds the measures of a training's kmodel."""
        with self._answering():
            super().measured(training, kmodel)

    def news(self) -> bool:
        """Whether it is time to read `entries` and `orphans` again."""
        if monotonic() - self._looked < GLANCE_S:
            return False
        self._looked = monotonic()
        return True

    def orphans(self) -> list[Training]:
        """Trainings whose drivers have died, in the order of their trials."""
        with self._answering():
            self._notice(self._trials())
            with _experiments_allowed():
                optuna.storages.fail_stale_trials(self._study)
            trials = self._trials()
        held = {training_of(trial).id for trial in trials if not given_up(trial)}
        lost = {training_of(trial).id: training_of(trial) for trial in trials if given_up(trial)}
        return [training for id, training in lost.items() if id not in held]

    def _close(
        self,
        number: int,
        state: TrialState,
        outcome: Mapping[str, Any],
        elapsed_s: float,
        values: Sequence[float] | None = None,
    ) -> None:
        """Drops the result of a trial that was closed meanwhile: this driver was silent for so
        long that it counted as dead, and another has taken the training up."""
        with self._answering():
            with suppress(UpdateFinishedTrialError):
                super()._close(number, state, outcome, elapsed_s, values)
            self._mine.discard(self._trials()[number]._trial_id)
            self._renew_copy()

    def _belongs_elsewhere(self, trial: FrozenTrial) -> bool:
        return not self._is_mine(trial)

    def _is_mine(self, trial: FrozenTrial) -> bool:
        return bool(trial.user_attrs.get(DRIVER) == self._driver)

    def _trials(self) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False)

    @staticmethod
    def _precedes(rival: FrozenTrial, trial: FrozenTrial) -> bool:
        if rival.number >= trial.number or rival.state is TrialState.FAIL:
            return False
        return training_of(rival) == training_of(trial)

    def _drop(self, trial: FrozenTrial) -> None:
        self._mine.discard(trial._trial_id)
        self._storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)

    def _beat(self, trial: FrozenTrial) -> None:
        self._mine.add(trial._trial_id)
        self._storage.record_heartbeat(trial._trial_id)

    def _beat_on(self) -> None:
        """The pulse, in its thread. A database that is away for a moment is asked again."""
        while not self._ended.wait(HEARTBEAT_S):
            for trial_id in list(self._mine):
                with suppress(Exception):
                    self._storage.record_heartbeat(trial_id)

    def _notice(self, trials: list[FrozenTrial]) -> None:
        """Gives a running trial seen for the first time one beat: its driver may have died
        between adding it and its own first beat, and without any it would never be stale."""
        for trial in trials:
            if trial.state is TrialState.RUNNING and trial._trial_id not in self._seen:
                self._seen.add(trial._trial_id)
                self._storage.record_heartbeat(trial._trial_id)

    def _settings(self) -> Any:
        began = monotonic()
        while SETTINGS not in self._study.user_attrs:
            if monotonic() - began > SETTINGS_WAIT_S:
                raise StudyError(
                    f"study '{self._name}' in the database has no settings: it was not made by "
                    "dse, or its first driver died at once",
                    "delete it with 'optuna delete-study', or give another name with --study",
                )
            sleep(GLANCE_S / 10)
        return self._study.user_attrs[SETTINGS]

    def _renew_copy(self) -> None:
        """Writes the whole record beside the study's other files, whole or not at all."""
        beside = self._copy.with_name(f".{self._copy.name}.{os.getpid()}")
        beside.unlink(missing_ok=True)
        with self._answering():
            optuna.copy_study(
                from_study_name=self._name,
                from_storage=self._storage,
                to_storage=file_storage(beside),
            )
        with reported(self._copy, "written"):
            os.replace(beside, self._copy)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Turns a database that does not answer into a StudyError."""
        try:
            yield
        except (StorageInternalError, sqlalchemy.exc.SQLAlchemyError) as error:
            reason = str(error.__cause__ or error).splitlines()[0]
            raise StudyError(
                f"the database {without_password(self._url)} does not answer: {reason}",
                "nothing finished is lost: run again with --resume when it does",
            ) from error


def without_password(url: str) -> str:
    """A database's URL for people. Raises UsageError for one that SQLAlchemy cannot read."""
    try:
        return sqlalchemy.engine.make_url(url).render_as_string(hide_password=True)
    except sqlalchemy.exc.ArgumentError:
        raise UsageError(
            "--storage is no URL of a database", "such as postgresql+psycopg://user@host/name"
        ) from None


def _storage(url: str) -> RDBStorage:
    """The database, with Optuna's tables in it.

    Drivers that come to an empty one together all make tables, and all but one may fail at it:
    they look again.
    """
    shown = without_password(url)
    try:
        for pause_s in TABLES_PAUSES_S:
            with suppress(sqlalchemy.exc.DBAPIError):
                return _connected(url)
            sleep(pause_s)
        return _connected(url)
    except (ImportError, sqlalchemy.exc.NoSuchModuleError) as error:
        raise UsageError(
            f"{shown} needs a Python package that is not installed: {error}",
            "for PostgreSQL: pip install 'dse[cluster]', and a URL postgresql+psycopg://...",
        ) from error


def _connected(url: str) -> RDBStorage:
    is_file = sqlalchemy.engine.make_url(url).get_backend_name() == "sqlite"
    engine = {"connect_args": {"timeout": FILE_WAIT_S}} if is_file else {}
    with _experiments_allowed():
        return RDBStorage(url, engine, heartbeat_interval=HEARTBEAT_S, grace_period=GRACE_S)


@contextmanager
def _experiments_allowed() -> Iterator[None]:
    """Optuna warns that it may still change its heartbeats; its version is pinned."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        yield


def _opened(storage: RDBStorage, name: str) -> tuple[optuna.Study, bool]:
    """The study, and whether it was created here and now; the database sees to it that only
    one driver is told so."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        made = optuna.create_study(storage=storage, study_name=name, directions=DIRECTIONS)
        return made, True
    except DuplicatedStudyError:
        return optuna.load_study(storage=storage, study_name=name), False


def _first_difference(theirs: Any, mine: Any, name: str = "") -> str:
    """Where two trees of settings differ first, in words; empty where they do not."""
    if isinstance(theirs, dict) and isinstance(mine, dict):
        for key in sorted({*theirs, *mine}):
            found = _first_difference(theirs.get(key), mine.get(key), f"{name}.{key}".lstrip("."))
            if found:
                return found
        return ""
    return "" if theirs == mine else f"{name} = {theirs}, not {mine}"
