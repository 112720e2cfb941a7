"""The search: proposers, early stopping, journal, executors and the driver above them.

`run_search` makes or resumes a study, `load_study` reads one. Names are loaded when first
used, so that importing this package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dse.search.driver import plan_search, run_search
    from dse.search.options import SearchOptions
    from dse.search.outcomes import SearchReport
    from dse.search.plan import SearchPlan
    from dse.search.record import StudyRecord, load_study
    from dse.search.study import StudyFolder, find_study, latest_study, study_names

__all__ = [
    "SearchOptions",
    "SearchPlan",
    "SearchReport",
    "StudyFolder",
    "StudyRecord",
    "find_study",
    "latest_study",
    "load_study",
    "plan_search",
    "run_search",
    "study_names",
]

_HOME = {
    "SearchOptions": "options",
    "SearchPlan": "plan",
    "SearchReport": "outcomes",
    "StudyFolder": "study",
    "StudyRecord": "record",
    "find_study": "study",
    "latest_study": "study",
    "load_study": "record",
    "plan_search": "driver",
    "run_search": "driver",
    "study_names": "study",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'dse.search' has no attribute '{name}'")
    return getattr(importlib.import_module(f"dse.search.{_HOME[name]}"), name)
