"""The script's sums are those of the file's operations."""

import importlib
from pathlib import Path

import pytest

import dse
from dse.chips.k210.file_cost.reading import read_file
from dse.chips.k210.target import K210Target

ROOT = Path(dse.__file__).parents[1]
MODEL = ROOT / "results" / "reference" / "bundles" / "P8-a0.5-128" / "model.kmodel"


def test_kinds_of_work_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    script = importlib.import_module("kmodel_times")
    rows = script.by_kind(read_file(MODEL, K210Target.load("k210")).operations)
    *kinds, (_, steps, together), (_, _, entering) = rows
    assert sum(count for _, count, _ in kinds) == steps
    assert sum(time.ms for _, _, time in kinds) == pytest.approx(together.ms)
    whole = dse.check(MODEL).cost.latency_ms
    assert together.ms + entering.ms == pytest.approx(whole)
