"""Removing studies that nobody writes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from dse.errors import StudyLocked
from dse.study.folder import StudyFolder

__all__ = ["refuse_written", "remove_studies"]


def refuse_written(folders: Sequence[StudyFolder]) -> None:
    """Raises StudyLocked where a search is running on one of `folders`."""
    for folder in folders:
        if writer := folder.writer():
            raise StudyLocked(writer, "stop that search first: nothing was removed")


def remove_studies(folders: Sequence[StudyFolder]) -> None:
    """Removes all of `folders`. Raises StudyLocked, with all of them untouched, where a search is
    running on one; FileError."""
    refuse_written(folders)
    with ExitStack() as held:
        for folder in folders:  # from here on no search can begin to write one of them
            held.enter_context(folder.lock())
        for folder in folders:
            folder.discard()
