"""`dse calibrate` from outside: a log in, a profile out that other commands take."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dse.cli import main

LOG = """boot
network=P8-a1-256
frame=1 run_ms=8.7
frame=2 run_ms=8.5
network=A63-a0.35-128
run_ms=15.0
network=A63-a0.5-192
run_ms=46.1
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "board.log"
    path.write_text(LOG)
    return path


def test_a_profile_comes_out_that_check_takes(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["calibrate", "board.log"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("time")
    assert "written: k210-board.toml" in err and "lines without a time that is used: 1" in err
    assert main(["check", "--json", "--target", "k210-board.toml", "P8-a1-256"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["latency_ms"] == pytest.approx(8.6, rel=0.02)


def test_json_has_the_documented_fields(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", "board.log", "--json", "--out", "mine.toml"]) == 0
    account = json.loads(capsys.readouterr().out)
    assert set(account) == {"profile", "times", "errors", "processors", "constants"}
    assert account["profile"] == "mine.toml"
    assert [row["count"] for row in account["times"]] == [2, 1, 1]


@pytest.mark.slow
def test_a_profile_is_calibrated_again(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", "board.log", "--out", "one.toml"]) == 0
    capsys.readouterr()
    arguments = ["calibrate", "board.log", "--json", "--target", "one.toml", "--out", "two.toml"]
    assert main(arguments) == 0
    errors = json.loads(capsys.readouterr().out)["errors"]
    assert errors["before"]["worst"] < 0.015


def test_a_handwritten_file_stays(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = log.with_name("mine.toml")
    mine.write_text("# by hand\n")
    assert main(["calibrate", "board.log", "--out", "mine.toml"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and "--force" in err
    assert mine.read_text() == "# by hand\n"
    assert main(["calibrate", "board.log", "--out", "mine.toml", "--force"]) == 0


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        ("run_ms=fast", ["--network", "P8-a1-256"], "board.log:1:"),
        ("run_ms=7", [], "--network"),
        ("hello", [], "no time in it"),
        ("run_ms=7", ["--network", "P8-a1-25"], "P8-a1-25"),
        (LOG, ["--target", "k21"], "Did you mean 'k210'"),
        (LOG, ["--out", "mine.txt"], ".toml"),
    ],
)
def test_bad_usage_is_explained(
    log: Path,
    capsys: pytest.CaptureFixture[str],
    content: str,
    arguments: list[str],
    said: str,
) -> None:
    log.write_text(content)
    assert main(["calibrate", "board.log", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and said in err
    assert [path.name for path in log.parent.iterdir()] == ["board.log"]
