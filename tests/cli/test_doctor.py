"""What `dse doctor` says of the firmwares that a board may have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dse.chips.abilities import Finding
from dse.cli import doctor
from dse.cli.entry import main
from dse.errors import WeightsError
from dse.network import weights_file, weights_source


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


def test_the_packages_weights_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights_source, "choose_source", lambda folder: "shipped")
    found = doctor._weights(None)
    assert found.ok and found.found == "shipped: dse's own, 7 files"

    def damaged(path: Path, hint: str) -> None:
        raise WeightsError(f"{path.name} is damaged", hint)

    monkeypatch.setattr(weights_file, "read_weights", damaged)
    found = doctor._weights(None)
    assert not found.ok and "is damaged" in found.found and "reinstall" in found.advice


def test_a_folder_of_weights_that_is_none_is_said() -> None:
    found = doctor._weights("/nowhere")
    assert not found.ok and "is no folder" in found.found
