"""The whole way with fake trainings: a report, and its files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from dse.reproduction import ReproductionOptions, as_json, as_text, reproduce, write_report
from tests.search.fake_training import backend

Make = Callable[..., ReproductionOptions]


def test_a_report_has_every_row_beside_the_published_one(options: Make, trace: Path) -> None:
    report, records = reproduce(options(seeds=2), print, backend(trace))
    assert [len(one.results) for one in report.comparisons] == [6, 7, 5]
    assert report.studies == tuple(record.name for record in records)
    assert report.images > 0 and report.faces > 0
    text = as_text(report)
    assert "688,381" in text and "1.37M" in text
    assert text.count("Spearman") == 3
    assert "B98" in text and "0.679" in text


def test_the_files_say_the_same(options: Make, trace: Path) -> None:
    chosen = options(tables=("II",))
    report, _ = reproduce(chosen, print, backend(trace))
    path = write_report(report, chosen.results)
    assert path.name == "reproduce-96-II.md"
    lines = path.read_text().splitlines()
    assert sum(line.startswith("|A98 alpha 1 ") for line in lines) == 7
    stored = json.loads(path.with_suffix(".json").read_text())
    assert stored == json.loads(json.dumps(as_json(report)))
    (compared,) = stored["comparisons"]
    assert compared["results"][0]["row"]["ap"] == 0.891
    assert compared["results"][0]["parameters"] == 688381
