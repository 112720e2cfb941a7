"""Recorded trainings in place of real ones: a search is replayed on a table in seconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from dse.errors import StudyError
from dse.space import Training
from dse.study.recorded import RecordedTable
from dse.study.training_result import CompiledMeasure, Outcome
from dse.training.recipe import EpochReport
from dse.workers.file_sets import FileSet

__all__ = ["RecordedJob", "replay_compiled", "replay_training"]

TABLE = "table.jsonl"
"""A table's name where it was sent to."""


@dataclass(frozen=True)
class RecordedJob:
    """A table that stands in for pictures and networks; travels to workers by its path."""

    table: str

    def file_sets(self) -> dict[str, FileSet]:
        """The table, for a machine that does not see it."""
        return {"table": FileSet({TABLE: Path(self.table)})}

    def relocated(self, cache: Path, places: Mapping[str, Path]) -> RecordedJob:
        """The same job where the table was unpacked."""
        return RecordedJob(str(places["table"] / TABLE))


def replay_training(
    job: RecordedJob, training: Training, folder: Path, report: Callable[[EpochReport], bool]
) -> Outcome:
    """The recorded outcome of `training`, or what was known when `report` returned False."""
    whole = _table(job.table).outcomes[training.id]
    for epoch in whole.curve:
        if not report(epoch) and epoch.epoch < epoch.epochs:
            curve = whole.curve[: epoch.epoch]
            return Outcome(
                training.id, epoch.epoch, True, epoch.seconds, epoch.val_ap, {}, {}, curve
            )
    return whole


def replay_compiled(job: RecordedJob, training: Training, folder: Path) -> CompiledMeasure:
    """Never asked for: a table's AP in the chip's format is that of the compiled file already."""
    raise StudyError("a recorded table holds no compiled files", "measure none in a replay")


@lru_cache(maxsize=2)
def _table(path: str) -> RecordedTable:
    return RecordedTable.load(Path(path))
