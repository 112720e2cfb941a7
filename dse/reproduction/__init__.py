"""The paper's tables and its figure 3 on the pictures at hand, beside the published values.

options -> training (a study for each seed) -> measuring -> comparison -> report
"""

from __future__ import annotations

from dse.reproduction.options import ReproductionOptions
from dse.reproduction.report import Report, as_text
from dse.reproduction.reproducing import as_json, reproduce, write_report
from dse.reproduction.rows import TABLES, trainings_of

__all__ = [
    "TABLES",
    "Report",
    "ReproductionOptions",
    "as_json",
    "as_text",
    "reproduce",
    "trainings_of",
    "write_report",
]
