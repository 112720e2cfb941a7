"""The record of a study in its folder: Optuna's journal file, one trial per training.

Only the driver writes it. Every line is one JSON object; a line that a kill cut short is put
aside when the study is opened for writing, and what it said happens again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dse.space import SearchSpace, Training
from dse.study.journal import Entry
from dse.study.journal_lines import MEASURES, broken_tail, line_of_trial, readable_by_optuna
from dse.study.journal_trials import NoTraining, entries_of, entry_of, given_up, new_trial, notes

__all__ = ["FileJournal", "read_entries"]


class FileJournal:
    """A `Journal` in the file `path`, which is created if need be.

    Every call is one write, on the disk when the call returns.
    """

    def __init__(self, path: Path, name: str) -> None:
        from dse.study.optuna_storage import TrialStore

        # A process killed while it appended leaves Optuna's lock behind, which would cost
        # the next one half a minute. The study's own lock says that nobody else writes.
        path.with_name(f"{path.name}.lock").unlink(missing_ok=True)
        with readable_by_optuna(path):
            self._store = TrialStore.in_file(path, name)

    def __enter__(self) -> FileJournal:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing is left to do: all is on the disk."""

    def start(self, training: Training, space: SearchSpace) -> int:
        """Opens a trial for `training`, in one line. Returns its number."""
        return self._store.begin(new_trial("RUNNING", training, space)).number

    def adopt(
        self,
        training: Training,
        space: SearchSpace,
        values: Sequence[float],
        outcome: Mapping[str, Any],
    ) -> None:
        """Enters a training that was finished in another study, in one line."""
        noted = notes(outcome, 0.0)
        self._store.add(
            new_trial("COMPLETE", training, space, values=list(values), user_attrs=noted)
        )

    def finish(
        self, number: int, values: Sequence[float], outcome: Mapping[str, Any], elapsed_s: float
    ) -> None:
        """Closes a trial as complete."""
        self._store.close(number, "COMPLETE", notes(outcome, elapsed_s), values)

    def stop(self, number: int, outcome: Mapping[str, Any], elapsed_s: float) -> None:
        """Closes a trial as stopped early."""
        self._store.close(number, "PRUNED", notes(outcome, elapsed_s))

    def fail(self, number: int, error: Mapping[str, Any], elapsed_s: float) -> None:
        """Closes a trial as failed."""
        self._store.close(number, "FAIL", notes(error, elapsed_s))

    def measured(self, training: Training, measures: Mapping[str, Any]) -> None:
        """Adds the measures of the file compiled from a training."""
        self._store.note(f"{MEASURES}{training.id}", dict(measures))

    def entries(self) -> list[Entry]:
        """Every trial, by number."""
        return entries_of(self._store.trials(), self._store.attributes)

    def entry(self, number: int) -> Entry | None:
        """One trial."""
        trial = self._store.trial(number)
        return None if given_up(trial) else entry_of(trial, self._store.attributes)

    def news(self) -> bool:
        """Never: nobody else writes here."""
        return False

    def orphans(self) -> list[Training]:
        """None: there are no other drivers."""
        return []


def read_entries(path: Path, name: str) -> list[Entry]:
    """The trials in a journal that another process may be writing.

    Raises CorruptJournal for a line that is no record; a last line cut short is left out.
    """
    from dse.study.optuna_storage import TrialStore

    broken_tail(path)
    if not path.exists():
        return []
    try:
        with readable_by_optuna(path):
            store = TrialStore.read(path, name)
    except KeyError:
        # The very first line is not on the disk yet.
        return []
    try:
        return entries_of(store.trials(), store.attributes)
    except NoTraining as error:
        raise line_of_trial(path, error.trial, str(error)) from None
