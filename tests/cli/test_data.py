"""dse data, as somebody types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from dse.cli import main


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(20):
        pixels = bytes((number * k * k) % 256 for k in range(60 * 40 * 3))
        (tmp_path / "images").mkdir(exist_ok=True)
        (tmp_path / "labels").mkdir(exist_ok=True)
        Image.frombytes("RGB", (60, 40), pixels).save(tmp_path / f"images/{number}.png")
        text = f"{number % 2} 0.5 0.5 0.5 0.5\n"
        (tmp_path / f"labels/{number}.txt").write_text(text)
    (tmp_path / "data.yaml").write_text("names: [cone, ball]\n")
    return tmp_path


def test_a_table_by_class(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert f"yolo:{folder}" in printed
    rows = [line.split() for line in printed.splitlines()]
    assert ["cone", "8", "1", "1", "24", "24", "24"] in rows
    assert "divided into 16 train, 2 val, 2 eval" in printed


def test_json_and_a_sheet_of_one_class(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet = folder / "sheet.png"
    words = ["data", str(folder), "--classes", "ball", "--json", "--sheet", str(sheet)]
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in found["classes"]] == ["ball"]
    assert found["parts"]["train"]["pictures"] == 16
    assert Image.open(sheet).format == "PNG"


def test_wrong_words(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", str(folder), "--classes", "cane"]) == 2
    assert "Did you mean 'cone'?" in capsys.readouterr().err
    assert main(["data", str(folder / "none")]) == 1
    assert main(["data", str(folder), "--sheet", "x.pdf"]) == 2
