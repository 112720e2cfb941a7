"""The overhead of a long search is measured to its end."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from dse.network.families import BREAKPOINTS

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "search_overhead.py"


def test_a_small_run_measures_every_part(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = importlib.util.spec_from_file_location("search_overhead", SCRIPT)
    assert found is not None and found.loader is not None
    script = importlib.util.module_from_spec(found)
    monkeypatch.setitem(sys.modules, "search_overhead", script)
    found.loader.exec_module(script)
    monkeypatch.setattr("dse.search.scheduler.WORTH", 1.0)  # the script sets it, for good
    for breakpoint in "ABC":  # the same
        monkeypatch.setitem(BREAKPOINTS, breakpoint, BREAKPOINTS[breakpoint])
    monkeypatch.setattr(script, "WINDOW", 5)
    monkeypatch.setattr(sys, "argv", ["", "--candidates", "3000", "--trainings", "100"])
    assert script.main() == 0
    (window,) = json.loads(capsys.readouterr().out)["windows"]
    assert window["ended"] == 100
    assert set(window["mean_ms_of"]) == {"bookkeeping", "journal", "propose", "stop_decision"}
