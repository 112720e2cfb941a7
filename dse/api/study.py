"""A study as a notebook looks at it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from dse.study.outcomes import SearchReport
    from dse.study.record import StudyRecord

__all__ = ["Study"]


class Study:
    """A study at the moment it was opened: its front, its designs, its figures.

    record: what it was read from.
    """

    def __init__(self, record: StudyRecord) -> None:
        self.record = record

    @property
    def name(self) -> str:
        """The study's name."""
        return self.record.name

    @property
    def path(self) -> Path:
        """The study's folder."""
        return self.record.path

    @property
    def report(self) -> SearchReport:
        """Counts, seconds and hypervolume, as `dse search --json` tells them."""
        return self.record.report()

    @property
    def designs(self) -> pd.DataFrame:
        """A row for each candidate that was trained or refused: axes, AP, ms, bytes, state."""
        return self.record.frame()

    @property
    def front(self) -> pd.DataFrame:
        """The designs that no other beats in AP, latency and size at once, the best AP first."""
        designs = self.designs
        front = designs[designs["state"] == "front"]
        return front.sort_values("ap", ascending=False).reset_index(drop=True)

    @property
    def figures(self) -> Mapping[str, go.Figure]:
        """Plotly figures by name: "front-latency_ms", "budget", "importance" and others."""
        from dse.views.dashboard.figure_set import study_figures
        from dse.views.dashboard.frames import study_tables

        drawn = study_figures(study_tables(self.record))
        return {name: one.figure for name, one in drawn.items()}

    def best(self, prefer: str = "latency") -> str:
        """The id of the design to ship, as `dse export best` chooses it.

        prefer: "latency" or "size": the fastest or smallest whose AP cannot be told from the
            highest; "ap": the highest, whatever it costs.
        Raises NothingFeasible where none can be deployed.
        """
        from dse.designs.selection import choose_design

        return choose_design(self.record, "best", prefer=prefer).id

    def __repr__(self) -> str:
        told = self.report
        return (
            f"<study {self.name}: {told.trained} trained, {told.feasible} candidates fit, "
            f"{len(told.front)} on the front, hypervolume {told.hypervolume:.3f}>"
        )

    def _repr_html_(self) -> str:
        shown = [one.name for one in self.record.columns.at("front")]
        table: str = self.front[shown].to_html(index=False, float_format="{:.3f}".format)
        return f"<p>{self!r}</p>{table}".replace("<study", "&lt;study", 1)
