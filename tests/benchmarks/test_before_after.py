"""Two checkouts are timed by turns, and must read the same."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

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
    found = importlib.util.spec_from_file_location("before_after", SCRIPT)
    assert found is not None and found.loader is not None
    script = importlib.util.module_from_spec(found)
    found.loader.exec_module(script)
    old = tmp_path / "old"
    old.symlink_to(ROOT)
    monkeypatch.setattr(script, "HERE", old)  # another name, so that both are timed
    spec = f"yolo:{tmp_path}"
    monkeypatch.setattr(sys, "argv", ["", str(ROOT), "--photographs", spec, "--rounds", "1"])
    assert script.main() == 0
    result = json.loads(capsys.readouterr().out)
    assert result["before"] == result["after"]
    assert result["after"]["pictures"] == 1
    for what in ("opening", "decoding", "check"):
        assert result[what]["wall_s"]["ratio"] > 0
