"""What there is to look at: a study as one self-contained page, a design's memory and time.

Data lies in `frames`, `accounts`, `importance` and `references`; figures in `figures`, `story`,
`comparison`, `panel_figures`, `explanation` and `layer_ranges`; the page in `page`, served by
`live`; pictures for it in `samples`; figures as files of their own in `figure_files` and
`figure_set`.

In a notebook, the same figures from the same tables:

    >>> from pathlib import Path
    >>> from dse.dashboard import study_figures, study_tables
    >>> from dse.search import find_study, load_study
    >>> study = study_tables(load_study(find_study(Path("results"), None)))
    >>> study_figures(study)["front-latency_ms"].figure.show()
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dse.dashboard.explanation import write_explanation
    from dse.dashboard.figure_set import study_figures, write_figures
    from dse.dashboard.frames import Record, study_tables
    from dse.dashboard.layer_ranges import write_ranges
    from dse.dashboard.live import LiveServer
    from dse.dashboard.page import write_dashboard
    from dse.dashboard.samples import study_samples

__all__ = [
    "LiveServer",
    "Record",
    "study_figures",
    "study_samples",
    "study_tables",
    "write_dashboard",
    "write_explanation",
    "write_figures",
    "write_ranges",
]

_HOME = {
    "LiveServer": "live",
    "Record": "frames",
    "study_figures": "figure_set",
    "study_samples": "samples",
    "study_tables": "frames",
    "write_dashboard": "page",
    "write_explanation": "explanation",
    "write_figures": "figure_set",
    "write_ranges": "layer_ranges",
}


def __getattr__(name: str) -> Any:
    """Imports Plotly and pandas only when the page is asked for."""
    if name not in _HOME:
        raise AttributeError(f"module 'dse.dashboard' has no attribute '{name}'")
    return getattr(importlib.import_module(f"dse.dashboard.{_HOME[name]}"), name)
