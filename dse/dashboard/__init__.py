"""The Pareto explorer: a study's record as one self-contained page.

Data lies in `frames` and `references`, figures in `figures` and `story`, the page in `page`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dse.dashboard.frames import Record
    from dse.dashboard.page import write_dashboard

__all__ = ["Record", "write_dashboard"]


def __getattr__(name: str) -> Any:
    """Imports Plotly and pandas only when the page is asked for."""
    if name == "write_dashboard":
        from dse.dashboard.page import write_dashboard

        return write_dashboard
    if name == "Record":
        from dse.dashboard.frames import Record

        return Record
    raise AttributeError(f"module 'dse.dashboard' has no attribute '{name}'")
