"""The figures of docs/calibrate.md can be had again."""

import importlib
import json
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.slow

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        return importlib.import_module("calibration_recovery")


def test_every_true_constant_lies_in_its_band(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["calibration_recovery.py", "--json"])
    script.main()
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 5
    for row in rows:
        inside, moved = row["in_band"].split(" of ")
        assert inside == moved != "0", row["log"]
        assert row["left_out_worst"] < 0.06
