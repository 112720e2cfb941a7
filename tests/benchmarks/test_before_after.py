"""Two checkouts are timed by turns, and must read the same."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks" / "before_after.py"


@pytest.mark.slow
def test_a_checkout_against_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for part in ("train", "val"):
        for kind in ("images", "labels"):
            (tmp_path / kind / part).mkdir(parents=True)
        Image.new("RGB", (60, 40)).save(tmp_path / "images" / part / "a.jpg")
        (tmp_path / "labels" / part / "a.txt").write_text("0 0.5 0.5 0.4 0.5\n")
    script = _script()
    old = tmp_path / "old"
    old.symlink_to(ROOT)
    monkeypatch.setattr(script, "HERE", old)  # another name, so that both are timed
    spec = f"yolo:{tmp_path}"
    monkeypatch.setattr(sys, "argv", ["", str(ROOT), "--photographs", spec, "--rounds", "1"])
    assert script.main() == 0
    result = json.loads(capsys.readouterr().out)
    assert result["before"] == result["after"]
    assert result["after"]["pictures"] == 1
    for what in ("opening", "decoding", "check A98-a0.5-224-kpu8"):
        assert result[what]["wall_s"]["ratio"] > 0


@pytest.mark.slow
def test_designs_alone(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One that fits and one that does not, without photographs."""
    script = _script()
    designs = ["A98-a0.35-160-kpu8", "A98-a1-224-kpu8"]
    argv = ["", str(ROOT), "--designs", *designs, "--rounds", "1"]
    monkeypatch.setattr(sys, "argv", argv)
    monkeypatch.setattr(script, "HERE", ROOT / "dse" / "..")
    assert script.main() == 0
    result = json.loads(capsys.readouterr().out)
    assert result["before"] is None
    for design in designs:
        assert result[f"check {design}"]["user_s"]["ratio"] > 0


def _script() -> Any:
    found = importlib.util.spec_from_file_location("before_after", SCRIPT)
    assert found is not None and found.loader is not None
    script = importlib.util.module_from_spec(found)
    found.loader.exec_module(script)
    return script
