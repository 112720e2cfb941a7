"""What `dse doctor` says of the firmwares that a board may have."""

from __future__ import annotations

import json

import pytest

from dse.chips.abilities import Finding
from dse.cli import doctor
from dse.cli.entry import main


@pytest.fixture(autouse=True)
def _found(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Finding("python", True, "3.10"), Finding("disk", False, "full", "free 2 GB")
    monkeypatch.setattr(doctor, "examine", lambda *arguments: iter(found))


def test_firmwares_stand_below_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "disk: free 2 GB" in lines
    (stick,) = [line for line in lines if line.startswith("k210-m5stickv ")]
    assert "kmodel 3, 4" in stick and "M5StickV by M5Stack" in stick
    assert not any(line.startswith("unlimited") for line in lines)


def test_firmwares_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [one["ok"] for one in told["findings"]] == [True, False]
    loads = {one["target"]: one["loads"] for one in told["firmwares"]}
    assert loads["k210-sdk"] == "kmodel 3, 4, 5" and loads["k210-canmv"] == "kmodel 3, 4"
