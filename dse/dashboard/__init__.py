"""What there is to look at: a study as one self-contained page, a design's memory and time.

Data lies in `frames` and `references`, figures in `figures`, `story`, `explanation` and
`layer_ranges`, the page in `page`, figures as files of their own in `figure_files`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dse.dashboard.explanation import write_explanation
    from dse.dashboard.frames import Record
    from dse.dashboard.layer_ranges import write_ranges
    from dse.dashboard.page import write_dashboard

__all__ = ["Record", "write_dashboard", "write_explanation", "write_ranges"]


def __getattr__(name: str) -> Any:
    """Imports Plotly and pandas only when the page is asked for."""
    if name == "write_dashboard":
        from dse.dashboard.page import write_dashboard

        return write_dashboard
    if name == "write_explanation":
        from dse.dashboard.explanation import write_explanation

        return write_explanation
    if name == "write_ranges":
        from dse.dashboard.layer_ranges import write_ranges

        return write_ranges
    if name == "Record":
        from dse.dashboard.frames import Record

        return Record
    raise AttributeError(f"module 'dse.dashboard' has no attribute '{name}'")
