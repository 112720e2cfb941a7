"""`dse reproduce` from outside."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from dse.cli import main
from dse.reproduction import reproducing as room


def test_bad_usage_is_explained(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["reproduce", "--tables", "V"]) == 2
    assert "unknown table 'V'" in capsys.readouterr().err
    drawn = str(tmp_path / "figure.html")
    assert main(["reproduce", "--tables", "IV", "--figure3", drawn]) == 2
    assert "--tables I II III" in capsys.readouterr().err


def test_table_iv_without_opencv_says_what_to_install_before_it_trains(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert main(["reproduce", "--results", str(tmp_path)]) == 1
    assert "dse[opencv]" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_table_iv_alone_needs_no_training(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "measure_viola_jones", lambda data: [])
    arguments = ["--tables", "IV", "--data", "synthetic:4", "--results", str(tmp_path), "--json"]
    assert main(["reproduce", *arguments]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["studies"] == [] and report["comparisons"] == []
    assert (tmp_path / "reproduce-192-IV.md").exists()
