"""From options to a report: train, measure, compare, write down."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dse.data import open_data
from dse.files import make_folder, write_whole
from dse.plain import plain
from dse.reproduction.comparison import compare
from dse.reproduction.measuring import measure_networks
from dse.reproduction.options import ReproductionOptions
from dse.reproduction.report import Report, as_markdown
from dse.reproduction.rows import TRAINED_TABLES, table_rows
from dse.reproduction.training import train_networks
from dse.reproduction.viola_jones import measure_viola_jones, require_opencv
from dse.search import StudyRecord
from dse.workers.backend import TrainingBackend

__all__ = ["as_json", "reproduce", "write_report"]

Say = Callable[[str], None]


def reproduce(
    options: ReproductionOptions, say: Say, backend: TrainingBackend | None = None
) -> tuple[Report, list[StudyRecord]]:
    """The report of the tables that `options` name, and the studies behind it, one a seed.

    say: told of what takes time, beside the search's own progress. Everything is on the disk
    as soon as it is known; `options.resume` repeats none of it, except Viola-Jones' minutes.
    Raises DseError without OpenCV where table IV is asked for, and what `train_networks` does.
    """
    if "IV" in options.tables:
        require_opencv()
    records = train_networks(options, backend)
    tables = [table for table in TRAINED_TABLES if table in options.tables]
    size = options.input_size
    measured = [measure_networks(one, tables, size, options.pyramid, say) for one in records]
    comparisons = tuple(
        compare(table, table_rows(table), size, measured, _costs(records[0])) for table in tables
    )
    data = open_data(options.eval_data or options.data, "eval")
    rivals = None
    if "IV" in options.tables:
        say(f"Viola-Jones on {len(data)} pictures")
        rivals = tuple(measure_viola_jones(data))
    report = Report(
        name=options.name,
        studies=tuple(record.name for record in records),
        input_size=size,
        data=options.data,
        eval_data=options.eval_data or options.data,
        images=len(data),
        faces=data.faces,
        comparisons=comparisons,
        rivals=rivals,
    )
    return report, records


def write_report(report: Report, results: Path) -> Path:
    """Writes the report as Markdown and as JSON into `results`; returns the Markdown's path."""
    make_folder(results)
    write_whole(results / f"{report.name}.json", json.dumps(as_json(report), indent=1))
    path = results / f"{report.name}.md"
    write_whole(path, as_markdown(report))
    return path


def as_json(report: Report) -> dict[str, Any]:
    """The report as plain values; what is not known is None."""
    found: dict[str, Any] = plain(asdict(report))
    return found


def _costs(record: StudyRecord) -> dict[str, tuple[int, int]]:
    """Candidate id -> (parameters, bytes of the weights or of the file)."""
    return {row.id: (row.parameters, row.file_bytes) for row in record.candidates}
