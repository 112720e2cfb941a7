"""Was early stopping right? What the audited trainings say, which were finished all the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dse.pareto import MAXIMISE, front_mask
from dse.study.candidates import Candidates
from dse.study.journal import Entry, or_nan

__all__ = ["BEATEN", "StoppingAudit", "audit"]

BEATEN = "beaten"
"""Key of an outcome: at which epoch, below which bound and by which design a training was
beaten. A stopped training ended there; a complete one was audited."""


@dataclass(frozen=True)
class StoppingAudit:
    """Counts of trainings.

    stopped: ended early. audited: would have been, but were finished for the audit. above_bound:
    audited ones whose validation AP ended above the bound that they were judged by; the bound
    is meant to hold for nine in ten. wrongly_stopped: audited ones whose deployable candidate
    is on the front of what was finished, so that stopping them would have cost a design.
    """

    stopped: int
    audited: int
    above_bound: int
    wrongly_stopped: int

    def words(self) -> str:
        """One sentence; empty where nothing was stopped or audited."""
        if not self.stopped + self.audited:
            return ""
        if not self.audited:
            return f"{self.stopped} stopped early; none of their kind was finished as a check."
        return (
            f"{self.stopped} stopped early; of {self.audited} more that would have been, finished "
            f"as a check, {self.above_bound} ended above the bound and {self.wrongly_stopped} "
            "on the front."
        )


def audit(rows: Candidates, entries: Sequence[Entry]) -> StoppingAudit:
    """The audit of a study with these candidates and trials."""
    complete = [entry for entry in entries if entry.state == "complete"]
    checked = [entry for entry in complete if entry.outcome.get(BEATEN)]
    front = _front(rows, complete) if checked else set()
    return StoppingAudit(
        stopped=sum(entry.state == "stopped" for entry in entries),
        audited=len(checked),
        above_bound=sum(_val_ap(entry) > entry.outcome[BEATEN]["bound"] for entry in checked),
        wrongly_stopped=sum(entry.training.id in front for entry in checked),
    )


def _val_ap(entry: Entry) -> float:
    return or_nan(entry.outcome.get("val_ap"))


def _front(rows: Candidates, complete: Sequence[Entry]) -> set[str]:
    """Ids of the trainings whose deployable candidate is on the front."""
    deployable = rows.deployable
    rivals = [(e, deployable[e.training.id]) for e in complete if e.training.id in deployable]
    values = [(e.ap(row.format), row.latency_ms, row.file_bytes) for e, row in rivals]
    kept = front_mask(values, MAXIMISE)
    return {e.training.id for (e, _), keep in zip(rivals, kept, strict=True) if keep}
