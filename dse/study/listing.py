"""The studies of a folder at a glance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dse.errors import DseError
from dse.plain import plain
from dse.study.best_design import choose
from dse.study.folder import StudyFolder, study_names
from dse.study.record import load_study

if TYPE_CHECKING:
    from dse.study.record import StudyRecord

__all__ = ["StudySummary", "Unreadable", "list_studies", "summary"]


@dataclass(frozen=True)
class StudySummary:
    """One study in a line.

    study: its name. target, data: as study.toml names them. created: date and time, ISO 8601.
    trained, stopped_early, failed: trainings. best: what `dse export best` takes, with its AP
    (0..1) and latency_ms; None where there is none yet. weights: whether trained networks
    are there. replay: it repeats recorded trainings. searching: a process is writing it.
    """

    study: str
    target: str
    data: str
    created: str
    trained: int
    stopped_early: int
    failed: int
    best: str | None
    ap: float | None
    latency_ms: float | None
    weights: bool
    replay: bool
    searching: bool

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        told: dict[str, Any] = plain(asdict(self))
        return told


@dataclass(frozen=True)
class Unreadable:
    """A study that cannot be read, and why."""

    study: str
    error: DseError

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"study": self.study, "error": str(self.error), "hint": self.error.hint}


def list_studies(results: Path) -> Iterator[StudySummary | Unreadable]:
    """Every study under `results`, by name; one that is broken hides no other."""
    for name in study_names(results):
        try:
            yield summary(load_study(results / name))
        except DseError as error:
            yield Unreadable(name, error)


def summary(record: StudyRecord) -> StudySummary:
    """What there is to say of a study in a line."""
    folder, search = StudyFolder(record.path), record.settings.search
    report = record.report()
    choice = choose(record)
    best = choice and choice.row
    return StudySummary(
        study=record.name,
        target=search.target,
        data=search.data,
        created=record.settings.created,
        trained=report.trained + report.reused,
        stopped_early=report.stopped_early,
        failed=report.failed,
        best=best.id if best else None,
        ap=best.ap if best else None,
        latency_ms=best.latency_ms if best else None,
        weights=folder.has_weights,
        replay=search.replay is not None,
        searching=bool(folder.writer()),
    )
