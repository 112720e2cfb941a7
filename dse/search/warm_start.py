"""Finished trainings of another study, taken over: a new target or limit costs no training."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from dse.errors import StudyError
from dse.files import make_folder, whole_folder
from dse.space import Training
from dse.study.audit import BEATEN
from dse.study.folder import StudyFolder
from dse.study.journal import WARM, Entry, Journal
from dse.study.plan import SearchPlan
from dse.study.provenance import differing
from dse.study.record import StudyRecord
from dse.study.resampled import RESAMPLED
from dse.study.settings import StudySettings

__all__ = ["reusable", "take_over"]

MEASURED = "kmodel.json"
"""In a training's folder: what was measured on its compiled file."""


def reusable(record: StudyRecord, settings: StudySettings, plan: SearchPlan) -> list[Entry]:
    """The finished trainings of `record` that are designs of `plan`, measured as the chip runs
    them.

    settings: of the study that wants them. Trainings whose head has other anchors are left out:
    they are other networks. Raises StudyError where recipe, pictures, starting weights or the
    target's compiler are not the same: they would be other trainings.
    """
    unlike = differing(record.settings, settings)
    ours, theirs = (one.make_target() for one in (settings, record.settings))
    if not unlike and ours.toolchain != theirs.toolchain:
        unlike = "compiler"
    if unlike:
        raise StudyError(
            f"the trainings of {record.name} are of no use here: its {unlike} is another",
            "search with the same pictures, recipe and weights, or leave out --warm-from",
        )
    designs = {design.training for design in plan.designs}
    return [
        entry
        for entry in record.entries
        if entry.state == "complete"
        and entry.training in designs
        and plan.deployable_row(entry.training).format in (entry.outcome.get("ap") or ())
        and _same_anchors(record.settings, settings, entry.training)
    ]


def take_over(
    entries: Sequence[Entry],
    record: StudyRecord,
    folder: StudyFolder,
    journal: Journal,
    plan: SearchPlan,
) -> int:
    """Enters `entries` of `record` as complete, their files copied first; returns how many.

    Those that the journal knows already are left as they are, so that a call that was killed
    can be made again. What was measured on files of another format is left behind.
    """
    ours, theirs = (one.make_target().file_format for one in (folder.settings(), record.settings))
    left = () if ours == theirs else (MEASURED, RESAMPLED)
    known = {entry.training for entry in journal.entries()}
    fresh = [entry for entry in entries if entry.training not in known]
    for entry in fresh:
        source = StudyFolder(record.path).training(entry.training.id)
        if source.is_dir():
            _copy(source, folder.training(entry.training.id), left)
        row = plan.deployable_row(entry.training)
        values = (entry.outcome["ap"][row.format], row.latency_ms, row.file_bytes)
        outcome = {key: value for key, value in entry.outcome.items() if key != BEATEN}
        journal.adopt(entry.training, plan.space, values, {**outcome, WARM: record.name})
        if entry.measures and not left:
            journal.measured(entry.training, entry.measures)
    return len(fresh)


def _same_anchors(one: StudySettings, other: StudySettings, training: Training) -> bool:
    """Whether the network of that name looks for the same boxes in both studies."""
    size = str(training.input_size)
    ours, theirs = (study.anchors.get(training.head, {}).get(size) for study in (one, other))
    return ours == theirs


def _copy(source: Path, target: Path, left: Sequence[str] = ()) -> None:
    """The files of `source` but those `left` behind, all or none; a folder that is there stays."""
    if target.exists():
        return
    make_folder(target.parent)
    with whole_folder(target) as fresh:
        shutil.copytree(source, fresh, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*left))
