"""`dse check` and `dse explain` of a file that the chip runs: data, figure, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import dse
from dse.cli import main

BUNDLES = Path(dse.__file__).parents[1] / "results" / "reference" / "bundles"
MODEL = BUNDLES / "P8-a0.5-128" / "model.kmodel"


def test_check_tells_the_same_fields_of_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(MODEL), "P8-a0.5-128", "--json"]) == 0
    file, network = json.loads(capsys.readouterr().out)
    assert list(file) == list(network)
    assert file["candidate"] == str(MODEL)
    assert file["kmodel_bytes"] == MODEL.stat().st_size


def test_what_the_firmware_does_not_load_ends_with_3(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(MODEL), "--target", "k210-maixpy-full"]) == 3
    assert "this is version 5" in capsys.readouterr().out


def test_explain_prints_and_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figure = tmp_path / "where.html"
    assert main(["explain", str(MODEL), "--figure", str(figure), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {"kmodel_version", "layers", "steps", "kpu_buffers", "data_buffers"} <= set(told)
    assert told["kmodel_version"] == 5
    assert figure.stat().st_size > 1000
    assert main(["explain", str(MODEL)]) == 0
    assert "KPU convolution" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["check", "explain"])
def test_a_damaged_file_ends_with_4_and_a_missing_one_with_1(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = tmp_path / "cut.kmodel"
    cut.write_bytes(MODEL.read_bytes()[:5000])
    assert main([command, str(cut)]) == 4
    assert "truncated" in capsys.readouterr().err
    assert main([command, str(tmp_path / "none.kmodel")]) == 1
    assert "No such file" in capsys.readouterr().err
