"""The figures by name, each with its table; as files; and as the package's docstring shows them."""

from __future__ import annotations

import doctest
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import pytest
from PIL import Image

import dse.search
import dse.views.dashboard
from dse.views.dashboard.figure_files import BROWSERS
from dse.views.dashboard.figure_set import study_figures, write_figures
from dse.views.dashboard.frames import study_tables
from dse.views.dashboard.picks import picks


@pytest.mark.slow
def test_a_study_has_a_figure_and_a_table_for_each_question(record: Any) -> None:
    found = study_figures(study_tables(record))
    named = {"front-latency_ms", "front-kmodel_bytes", "hypervolume-minutes", "importance"}
    assert named | {"budget", "rejected", "hypervolume-trainings"} <= set(found)
    best = picks(study_tables(record))[0].candidate
    endings = ("accuracy", "learning-curve", "precision-recall", "timeline")
    assert {f"{best}-{ending}" for ending in endings} <= set(found)
    assert all(len(drawn.table) and len(drawn.figure.data) for drawn in found.values())


@pytest.mark.slow
def test_a_table_holds_what_is_drawn(record: Any) -> None:
    drawn = study_figures(study_tables(record))["front-latency_ms"]
    parts = {"front", "dominated", "stopped"}
    marks = sum(len(trace.x) for trace in drawn.figure.data if trace.meta in parts)
    assert marks == len(drawn.table)


def test_a_study_that_has_only_begun_has_its_empty_fronts(empty_record: Any) -> None:
    assert all(name.startswith("front-") for name in study_figures(study_tables(empty_record)))


@pytest.mark.browser
def test_files_of_two_studies(record_maker: Any, tmp_path: Path) -> None:
    if not any(shutil.which(name) for name in BROWSERS):
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    records = [record_maker(3, name=name, rejected=9) for name in ("one", "two")]
    files = write_figures(records, tmp_path)
    assert sorted(files) == sorted(path for path in tmp_path.rglob("*.*") if path.is_file())
    assert {path.suffix for path in files} == {".png", ".svg", ".csv"}
    with Image.open(tmp_path / "one" / "budget.png") as picture:
        assert picture.size == (1920, 1200)
    budget = pd.read_csv(tmp_path / "two" / "budget.csv")
    assert budget["trainings"].sum() == 3
    assert ">two<" in (tmp_path / "comparison-latency_ms.svg").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_docstrings_notebook_runs(record: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    monkeypatch.setattr(dse.search, "find_study", lambda results, name: results, raising=False)
    monkeypatch.setattr(dse.search, "load_study", lambda path: record, raising=False)
    monkeypatch.setattr(go.Figure, "show", lambda figure: shown.append(figure))
    assert doctest.testmod(dse.views.dashboard) == doctest.TestResults(failed=0, attempted=5)
    assert len(shown) == 1
