"""The invented study is what the benchmark says of it."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.slow
def test_an_invented_study_has_the_designs_it_promises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    study = importlib.import_module("dashboard_page").invented_study(trainings=20, rejected=30)
    states = study.frame()["state"].value_counts()
    assert states["rejected"] == 30
    assert len(study.entries) == 20 and len(study.curves) == 20
    assert states["stopped"] >= 2 and states["front"] > 0
    assert study.history["hypervolume"].is_monotonic_increasing
