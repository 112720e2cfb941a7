"""The search: proposers, early stopping, scheduler, recorder and the driver above them.

`run_search` makes or resumes a study, `load_study` reads one. Names are loaded when first
used, so that importing this package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dse.lazy import lazy

if TYPE_CHECKING:
    from dse.search.driver import plan_search, run_search
    from dse.search.request import SearchRequest
    from dse.search.run_options import RunOptions
    from dse.study.folder import StudyFolder, find_study, latest_begun, latest_study, study_names
    from dse.study.outcomes import SearchReport
    from dse.study.plan import SearchPlan
    from dse.study.record import StudyRecord, load_study

__all__ = [
    "RunOptions",
    "SearchPlan",
    "SearchReport",
    "SearchRequest",
    "StudyFolder",
    "StudyRecord",
    "find_study",
    "latest_begun",
    "latest_study",
    "load_study",
    "plan_search",
    "run_search",
    "study_names",
]

__getattr__ = lazy(
    __name__,
    {
        "RunOptions": "dse.search.run_options",
        "SearchPlan": "dse.study.plan",
        "SearchReport": "dse.study.outcomes",
        "SearchRequest": "dse.search.request",
        "StudyFolder": "dse.study.folder",
        "StudyRecord": "dse.study.record",
        "find_study": "dse.study.folder",
        "latest_begun": "dse.study.folder",
        "latest_study": "dse.study.folder",
        "load_study": "dse.study.record",
        "plan_search": "dse.search.driver",
        "run_search": "dse.search.driver",
        "study_names": "dse.study.folder",
    },
)
