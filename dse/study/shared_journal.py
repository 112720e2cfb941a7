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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import optuna
import sqlalchemy
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from dse.errors import StudyError
from dse.files import reported
from dse.space import SearchSpace, Training
from dse.study.database import experiments_allowed, open_study, without_password
from dse.study.heartbeat import Heartbeat
from dse.study.journal import Entry
from dse.study.journal_lines import MEASURES
from dse.study.journal_trials import (
    entries_of,
    entry_of,
    given_up,
    new_trial,
    notes,
    training_of,
)
from dse.study.optuna_storage import TrialStore, file_storage, trial_id
from dse.study.provenance import first_difference
from dse.study.settings import as_named_today

__all__ = ["SharedJournal"]

HEARTBEAT_S, GRACE_S = 20, 60
"""How often a driver says that it lives, and after which silence it counts as dead."""

GLANCE_S = 1.0
"""Between two looks at what others have written."""

SETTINGS, DRIVER = "settings", "driver"
"""Keys of an attribute of the study, and of a trial."""

SETTINGS_WAIT_S = 10.0
"""The driver that creates a study writes its settings next."""


class SharedJournal:
    """A `Journal` in a database.

    Lifetime: as a journal's; the pulse beats inside its `with` block. A copy of the record lies
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
        self._seen: set[int] = set()
        self._looked = -GLANCE_S
        with self._answering():
            study, self._created = open_study(url, name, heartbeat_s=HEARTBEAT_S, grace_s=GRACE_S)
            self._store = TrialStore(study)
            self._heartbeat = Heartbeat(self._store.beat, HEARTBEAT_S)
            for trial in self._store.trials():
                if trial.state is TrialState.RUNNING and not self._elsewhere(trial):
                    self._heartbeat.add(trial_id(trial))

    def __enter__(self) -> SharedJournal:
        self._heartbeat.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._heartbeat.stop()
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
                self._store.note(SETTINGS, mine)
            theirs = self._settings()
        different = first_difference(as_named_today(theirs), mine)
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
            try:
                trial = self._store.begin(template)
            except ValueError as error:  # the study's axes are of another kind
                raise StudyError(
                    f"study '{self._name}' in the database is of another version of dse: {error}",
                    "finish it with that one, or begin another with --warm-from, without --storage",
                ) from error
            self._heartbeat.add(trial_id(trial))
            if not any(_precedes(rival, trial) for rival in self._store.trials()):
                return trial.number
            self._heartbeat.drop(trial_id(trial))
            self._store.give_up(trial)
        return None

    def adopt(
        self,
        training: Training,
        space: SearchSpace,
        values: Sequence[float],
        outcome: Mapping[str, Any],
    ) -> None:
        """Enters a training that was finished in another study."""
        noted = notes(outcome, 0.0)
        with self._answering():
            self._store.add(
                new_trial("COMPLETE", training, space, values=list(values), user_attrs=noted)
            )

    def finish(
        self, number: int, values: Sequence[float], outcome: Mapping[str, Any], elapsed_s: float
    ) -> None:
        """Closes a trial as complete."""
        self._close(number, "COMPLETE", notes(outcome, elapsed_s), values)

    def stop(self, number: int, outcome: Mapping[str, Any], elapsed_s: float) -> None:
        """Closes a trial as stopped early."""
        self._close(number, "PRUNED", notes(outcome, elapsed_s))

    def fail(self, number: int, error: Mapping[str, Any], elapsed_s: float) -> None:
        """Closes a trial as failed."""
        self._close(number, "FAIL", notes(error, elapsed_s))

    def measured(self, training: Training, measures: Mapping[str, Any]) -> None:
        """Adds the measures of the file compiled from a training."""
        with self._answering():
            self._store.note(f"{MEASURES}{training.id}", dict(measures))

    def entries(self) -> list[Entry]:
        """Every trial that was not given up, by number."""
        with self._answering():
            return entries_of(self._store.trials(), self._store.attributes, self._elsewhere)

    def entry(self, number: int) -> Entry | None:
        """One trial, None if it was given up."""
        with self._answering():
            trial = self._store.trial(number)
            attributes = self._store.attributes
        return None if given_up(trial) else entry_of(trial, attributes, self._elsewhere(trial))

    def news(self) -> bool:
        """Whether it is time to read `entries` and `orphans` again."""
        if monotonic() - self._looked < GLANCE_S:
            return False
        self._looked = monotonic()
        return True

    def orphans(self) -> list[Training]:
        """Trainings whose drivers have died, in the order of their trials."""
        with self._answering():
            self._notice(self._store.trials())
            with experiments_allowed():
                optuna.storages.fail_stale_trials(self._store.study)
            trials = self._store.trials()
        held = {training_of(trial).id for trial in trials if not given_up(trial)}
        lost = {training_of(trial).id: training_of(trial) for trial in trials if given_up(trial)}
        return [training for id, training in lost.items() if id not in held]

    def _close(
        self,
        number: int,
        state: str,
        noted: Mapping[str, Any],
        values: Sequence[float] | None = None,
    ) -> None:
        """Drops the result of a trial that was closed meanwhile: this driver was silent for so
        long that it counted as dead, and another has taken the training up."""
        with self._answering():
            with suppress(UpdateFinishedTrialError):
                self._store.close(number, state, noted, values)
            self._heartbeat.drop(trial_id(self._store.trials()[number]))
            self._renew_copy()

    def _elsewhere(self, trial: FrozenTrial) -> bool:
        return bool(trial.user_attrs.get(DRIVER) != self._driver)

    def _notice(self, trials: list[FrozenTrial]) -> None:
        """Gives a running trial seen for the first time one beat: its driver may have died
        between adding it and its own first beat, and without any it would never be stale."""
        for trial in trials:
            if trial.state is TrialState.RUNNING and trial_id(trial) not in self._seen:
                self._seen.add(trial_id(trial))
                self._store.beat(trial_id(trial))

    def _settings(self) -> Any:
        began = monotonic()
        while SETTINGS not in self._store.attributes:
            if monotonic() - began > SETTINGS_WAIT_S:
                raise StudyError(
                    f"study '{self._name}' in the database has no settings: it was not made by "
                    "dse, or its first driver died at once",
                    "delete it with 'optuna delete-study', or give another name with --study",
                )
            sleep(GLANCE_S / 10)
        return self._store.attributes[SETTINGS]

    def _renew_copy(self) -> None:
        """Writes the whole record beside the study's other files, whole or not at all."""
        beside = self._copy.with_name(f".{self._copy.name}.{os.getpid()}")
        beside.unlink(missing_ok=True)
        with self._answering():
            optuna.copy_study(
                from_study_name=self._name,
                from_storage=self._store.study_storage,
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


def _precedes(rival: FrozenTrial, trial: FrozenTrial) -> bool:
    """Whether `rival` has the claim to the training of `trial`."""
    if rival.number >= trial.number or rival.state is TrialState.FAIL:
        return False
    return training_of(rival) == training_of(trial)
