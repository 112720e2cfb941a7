"""What the camera's picture takes on its way into designs of several shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dse.chips import chip
from dse.chips.chip import Pictured
from dse.space import Candidate
from dse.views.dashboard.accounts import target_of

if TYPE_CHECKING:
    from dse.views.dashboard.frames import StudyTables

__all__ = ["picture_note"]


def picture_note(tables: StudyTables) -> str:
    """As `Chip.picture_note`, of the best trained design of each input size; "" for nothing."""
    target, designs = target_of(tables.settings), tables.designs
    usable = designs[designs["deployable"] & designs["ap"].notna()]
    if target is None or usable.empty:
        return ""
    best = usable.sort_values("ap", ascending=False).drop_duplicates("input_size")
    networks = [
        Pictured(name, Candidate.parse(name).training.canvas, float(latency_ms))
        for name, latency_ms in zip(best["candidate"], best["latency_ms"], strict=True)
    ]
    return chip(target.chip).picture_note(networks, target)
