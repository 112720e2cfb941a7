"""A chip that nobody has: it keeps to the contract, and every command works with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dse.chips import Chip, Target, chip, load_target, registry
from dse.cli import main
from dse.errors import InvalidFile
from tests.chips.conformance import ChipConformance

PROFILE = 'chip = "toy"\ntitle = "toy board"\nsram_bytes = 2000000\nclock_hz = 500000000\n'
SPACE = """\
breakpoint   = ["A"]
frozen_until = [98]
width        = [0.35]
input_size   = [96, 128, 640]
format       = ["Q8", "FP32"]
"""


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The toy is a chip that dse knows."""
    monkeypatch.setitem(registry.CHIPS, "toy", "tests.chips.toy_chip:Toy")


@pytest.fixture()
def profile(tmp_path: Path) -> Path:
    path = tmp_path / "toy-board.toml"
    path.write_text(PROFILE)
    return path


class TestToy(ChipConformance):
    @pytest.fixture()
    def chip(self) -> Chip:
        return chip("toy")

    @pytest.fixture()
    def target(self, chip: Chip, profile: Path) -> Target:
        return load_target(str(profile))


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> Any:
    capsys.readouterr()
    assert main([*map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_check_and_explain(
    profile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (row,) = said(capsys, "check", "A98-a0.35-96", "--target", profile)
    assert row["candidate"] == "A98-a0.35-96-Q8"
    assert row["verdict"] == "accepted" and "of SRAM to spare" in row["message"]
    assert "kmodel_bytes" not in row
    figure = tmp_path / "figure.html"
    account = said(capsys, "explain", "A98-a0.35-96", "--target", profile, "--figure", figure)
    assert account["sram_buffers"] and account["layers"][-1]["layer"] == "head"
    assert "the multiplier" in figure.read_text(encoding="utf-8")


def test_what_the_toy_lacks_ends_with_2_and_a_sentence(
    profile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "A98-a0.35-96", "--target", str(profile), "--compile"]) == 2
    assert "the toy chip has no compiler in dse" in capsys.readouterr().err
    (tmp_path / "board.log").write_text("1 ms\n")
    assert main(["calibrate", str(tmp_path / "board.log"), "--target", str(profile)]) == 2
    assert "no time constants to refit" in capsys.readouterr().err


def test_a_profile_has_the_keys_of_its_chip(profile: Path) -> None:
    profile.write_text(PROFILE + "kpu_memory_bytes = 3\n")
    with pytest.raises(InvalidFile, match="unknown key 'kpu_memory_bytes'"):
        load_target(str(profile))
    profile.write_text('extends = "k210"\nchip = "toy"\n')
    with pytest.raises(InvalidFile, match=":2: it extends another chip's"):
        load_target(str(profile))
    profile.write_text(PROFILE.replace("toy", "tooy", 1))
    with pytest.raises(InvalidFile, match=r"unknown chip 'tooy'. Did you mean 'toy'"):
        load_target(str(profile))


@pytest.mark.slow
def test_search_page_export_and_verify(
    profile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "small.toml").write_text(SPACE)
    results = ("--results", tmp_path / "results")
    report = said(
        capsys, "search", "--budget", 1, "--space", tmp_path / "small.toml", "--target", profile,
        "--data", "synthetic:40", "--epochs", 1, "--executor", "inline", *results,
    )  # fmt: skip
    assert report["rejected"] == {"sram": 2}
    assert report["front"] and report["front"][0]["candidate"].endswith(("Q8", "FP32"))
    told = report["front"][0]
    assert {"file_ap", "file_bytes", "sram_bytes"} <= set(told)
    assert not {"kmodel_ap", "kmodel_bytes", "peak_kpu_bytes"} & set(told)
    prices = next((tmp_path / "results").glob("*/candidates.csv")).read_text()
    assert ",macs,file_bytes,sram_bytes,latency_ms," in prices.splitlines()[0]
    assert main(["dashboard", "--no-open", *map(str, results)]) == 0
    assert "A98-a0.35" in Path(capsys.readouterr().out.strip()).read_text(encoding="utf-8")
    bundle = said(capsys, "export", "best", *results)
    assert bundle["candidate"].endswith("-Q8") and Path(bundle["kmodel"]).name == "model.toy"
    verified = said(capsys, "verify", bundle["path"])
    assert verified["ok"] and verified["how"].startswith("the file itself")
    found = said(capsys, "evaluate", "best", *results)
    assert found["ap"] == pytest.approx(bundle["kmodel_ap"], abs=1e-3)
