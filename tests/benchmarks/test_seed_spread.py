"""The table of a design over several seeds."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "seed_spread.py"


def test_means_spreads_and_gaps_of_two_seeds() -> None:
    found = importlib.util.spec_from_file_location("seed_spread", SCRIPT)
    assert found is not None and found.loader is not None
    script = importlib.util.module_from_spec(found)
    found.loader.exec_module(script)
    row = script.spread([{"kpu8": 0.90, "FP32": 0.91}, {"kpu8": 0.92, "FP32": 0.91}])
    assert row["kmodel_ap"]["mean"] == pytest.approx(0.91)
    assert row["kmodel_ap"]["spread"] == pytest.approx(0.0141, abs=1e-4)
    assert row["ap"]["spread"] == pytest.approx(0.0)
    assert row["gap_points"] == [1.0, -1.0]
