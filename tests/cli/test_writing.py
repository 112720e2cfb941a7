"""Every command that writes, where it cannot: one sentence, exit code 1, and what was there stays.

What takes long beside the writing (training, running a detector, a browser) is left out or
faked. `dse export` writes in tests/chips/k210/bundle/test_bundle.py, where a compiled network
is at hand.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from dse.chips.profiles import WRITTEN
from dse.cli import main
from dse.data.pictures import DataSet
from dse.detection.detections import Detections
from dse.evaluation import Findings, prepare
from dse.views.dashboard.figure_set import Drawn
from tests.process_limits import no_file_larger_than

RESULTS = Path(__file__).parents[2] / "results"
TABLE = RESULTS / "recorded" / "k210.jsonl"
OLD = f"{WRITTEN}, long ago\n"


class Writer(NamedTuple):
    """A command that gets a place to write to as its last argument. file: one that it writes
    there; empty where the place is the file. suffix: of the place."""

    arguments: tuple[str, ...]
    suffix: str = ""
    file: str = ""


def study(*more: str) -> tuple[str, ...]:
    return ("dashboard", "reference", "--no-open", "--results", str(RESULTS), *more)


WRITERS = {
    "dashboard": Writer(study("--out"), ".html"),
    "figures": Writer(study("--figures"), file="reference/front.csv"),
    "explain": Writer(("explain", "A98-a0.5-224", "--figure"), ".html"),
    "evaluate": Writer(("evaluate", "P5-a1-256", "--sheet"), ".png"),
    "calibrate": Writer(("calibrate", "board.log", "--out"), ".toml"),
    "reproduce": Writer(
        ("reproduce", "--tables", "IV", "--data", "synthetic:4", "--results"),
        file="reproduce-192-IV.json",
    ),
    "search": Writer(
        (
            "search",
            "--replay",
            str(TABLE),
            "--budget",
            "1",
            "--executor",
            "inline",
            "--study",
            "mine",
            "--results",
        ),
        file="mine/lock",
    ),
}


@pytest.fixture(autouse=True)
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The work itself takes no time."""
    monkeypatch.chdir(tmp_path)
    Path("board.log").write_text("network=P8-a1-256\nrun_ms=8.7\n")
    monkeypatch.setattr("dse.reproduction.reproducing.measure_viola_jones", lambda data: [])
    monkeypatch.setattr("dse.reproduction.reproducing.require_opencv", lambda: None)
    drawn = Drawn(go.Figure(), pd.DataFrame({"a": [1]}))
    monkeypatch.setattr("dse.views.dashboard.figure_set.study_figures", lambda _: {"front": drawn})
    monkeypatch.setattr(
        "dse.views.dashboard.figure_set.pictures", lambda every: [b"PNG"] * len(every)
    )
    monkeypatch.setattr("dse.views.dashboard.page.study_tables", lambda record: record)
    monkeypatch.setattr("dse.views.dashboard.page.payload_json", lambda *_: "{}")
    monkeypatch.setattr("dse.views.dashboard.page.page_text", lambda *_: "page")
    detector = SimpleNamespace(name="P5", pictures="synthetic:4", score=0.5, class_scores=())
    monkeypatch.setattr("dse.designs.finding.find_detector", lambda *_: detector)
    monkeypatch.setattr("dse.designs.evaluating._find", lambda _, data, __: nothing_found(data))


def nothing_found(data: DataSet) -> Findings:
    findings = Findings()
    none = Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))
    findings.add(prepare(data, 64), [none] * len(data))
    return findings


@pytest.fixture(params=WRITERS)
def writer(request: pytest.FixtureRequest) -> Writer:
    return WRITERS[request.param]


@pytest.fixture
def refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[Writer, Path], str]:
    """Runs a command that must end with a sentence and change no file; returns the sentence."""

    def run(writer: Writer, place: Path) -> str:
        capsys.readouterr()
        before = files(tmp_path)
        assert main([*writer.arguments, str(place)]) == 1
        after = files(tmp_path)
        assert {path: after[path] for path in before} == before
        assert not [path for path in after if path.name.startswith(".dse-")]
        (said,) = [line for line in capsys.readouterr().err.splitlines() if line[:4] == "dse:"]
        return said

    return run


def files(folder: Path) -> dict[Path, bytes]:
    """All but caches, which may grow, and locks, which hold nothing."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != "lock")
    return {path: path.read_bytes() for path in found if ".cache" not in path.parts}


def test_a_folder_where_a_file_should_be(
    writer: Writer, refused: Callable[[Writer, Path], str]
) -> None:
    place = Path(f"out{writer.suffix}")
    taken = place / writer.file
    taken.mkdir(parents=True)
    (taken / "thesis.tex").write_text("years of work")
    said = refused(writer, place)
    assert "cannot be written" in said or "not a regular file" in said


def test_a_file_where_a_folder_should_be(
    writer: Writer, refused: Callable[[Writer, Path], str]
) -> None:
    Path("file").write_text("old")
    assert "cannot be" in refused(writer, Path("file") / f"out{writer.suffix}")


def test_a_name_too_long(writer: Writer, refused: Callable[[Writer, Path], str]) -> None:
    assert "too long" in refused(writer, Path("x" * 300 + writer.suffix))


def test_a_full_disk(writer: Writer, refused: Callable[[Writer, Path], str]) -> None:
    place = Path(f"out{writer.suffix}")
    old = place / writer.file
    old.parent.mkdir(parents=True, exist_ok=True)
    old.write_text(OLD)
    with no_file_larger_than(0):
        said = refused(writer, place)
    assert "too large" in said or "full" in said


@pytest.mark.parametrize("call", ["replace", "fsync"])
def test_a_disk_that_became_read_only(
    writer: Writer,
    refused: Callable[[Writer, Path], str],
    monkeypatch: pytest.MonkeyPatch,
    call: str,
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, call, refuse)
    assert "Read-only file system" in refused(writer, Path(f"out{writer.suffix}"))


def test_missing_parents_are_made_or_named(
    writer: Writer, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Path("no") / "where" / f"out{writer.suffix}"
    code = main([*writer.arguments, str(place)])
    if writer is WRITERS["calibrate"]:
        assert code == 1 and "No such file or directory" in capsys.readouterr().err
    else:
        assert code == 0 and (place / writer.file).is_file()
