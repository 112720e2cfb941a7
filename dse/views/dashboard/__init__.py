"""What there is to look at: a study as one self-contained page, a design's memory and time.

Data lies in `frames`, `accounts`, `importance` and `references`; figures in `figures`, `story`,
`comparison`, `panel_figures`, `explanation` and `layer_ranges`; the page in `page`, its data in
`payload`, served by `live`; pictures for it in `samples`; figures as files of their own in
`figure_files` and `figure_set`.

In a notebook, the same figures from the same tables:

    >>> from pathlib import Path
    >>> from dse.views.dashboard import study_figures, study_tables
    >>> from dse.search import find_study, load_study
    >>> study = study_tables(load_study(find_study(Path("results"), None)))
    >>> study_figures(study)["front-latency_ms"].figure.show()
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dse.lazy import lazy

if TYPE_CHECKING:
    from dse.views.dashboard.explanation import write_explanation
    from dse.views.dashboard.figure_set import study_figures, write_figures
    from dse.views.dashboard.frames import Record, study_tables
    from dse.views.dashboard.layer_ranges import write_ranges
    from dse.views.dashboard.live import LiveServer
    from dse.views.dashboard.page import write_dashboard
    from dse.views.dashboard.samples import study_samples

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

__getattr__ = lazy(
    __name__,
    {
        "LiveServer": "dse.views.dashboard.live",
        "Record": "dse.views.dashboard.frames",
        "study_figures": "dse.views.dashboard.figure_set",
        "study_samples": "dse.views.dashboard.samples",
        "study_tables": "dse.views.dashboard.frames",
        "write_dashboard": "dse.views.dashboard.page",
        "write_explanation": "dse.views.dashboard.explanation",
        "write_figures": "dse.views.dashboard.figure_set",
        "write_ranges": "dse.views.dashboard.layer_ranges",
    },
)
