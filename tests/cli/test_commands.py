"""The command line from outside: exit codes, clear errors, data on stdout alone."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dse.chips.k210.kmodel.nodes import Softmax
from dse.cli import main
from tests.chips.k210.old_kmodels import FLOAT, Version4


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    try:
        code = main(arguments)
    except SystemExit as stop:
        code = int(stop.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["serch"], "Did you mean 'search'"),
        (["search", "--budget", "0"], "--budget"),
        (["search", "--budget", "-1"], "--budget"),
        (["search", "--budget", "two"], "--budget"),
        (["search", "--dry-run", "--target", "k21"], "Did you mean 'k210'"),
        (["search", "--dry-run", "--space", "mobilenet"], "unknown space"),
        (["check", "A98-a0.5-224-kpu"], "Did you mean 'kpu8'"),
        (["check", "nonsense"], "nonsense"),
        (["check", "missing.tflite"], "missing.tflite"),
        (["export", "best", "--limit", "latency=3"], "latency_ms"),
        (["export", "best", "--limit", "latency_ms=fast"], "number"),
        (["evaluate", "dse"], "is no bundle"),
        (["evaluate", "best", "--sheet", "sheet.pdf"], ".png"),
        (["evaluate", "best", "--sheet", "sheet.png", "--sort", "worse"], "Did you mean 'worst'"),
        (["evaluate", "best", "--sheet", "sheet.png", "--sheet-pictures", "0"], "--sheet-pictures"),
        (["evaluate", "best", "--score", "2"], "0 to 1"),
        (["explain", "best", "--quantization", "--pictures", "0"], "--pictures"),
    ],
)
def test_bad_usage_is_explained_with_exit_code_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    code, out, err = _run(capsys, *arguments)
    assert code == 2
    assert said in err
    assert out == ""


@pytest.mark.slow  # each imports TensorFlow first
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["evaluate", "missing.kmodel"], "missing.kmodel"),
        (["evaluate", "missing.tflite"], "missing.tflite"),
        (["verify", "missing.kmodel"], "neither a folder nor a file"),
        (["verify", "/dev/null"], "neither a folder nor a file"),
        (["verify", ".", "--target", "k21"], "Did you mean 'k210'"),
        (["explain", "best", "--quantization", "--figure", "noise.svg"], "no figure"),
    ],
)
def test_bad_usage_behind_an_import_is_explained_with_exit_code_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    test_bad_usage_is_explained_with_exit_code_2(capsys, arguments, said)


def test_check_prints_the_documented_fields(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "check", "--json", "A98-a0.5-224-kpu8", "A98-a1-224-kpu8")
    assert code == 0
    fits, too_big = json.loads(out)
    assert (fits["verdict"], too_big["verdict"]) == ("accepted", "rejected")
    assert too_big["layer"] == "block_1_depthwise"
    documented = {
        "candidate", "verdict", "reason", "layer", "parameters", "macs", "kmodel_bytes",
        "main_memory_bytes", "peak_kpu_bytes", "latency_ms", "latency_ms_low", "latency_ms_high",
        "energy_mj",
    }  # fmt: skip
    assert documented <= set(fits)


def test_check_answers_beside_what_it_cannot(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    missing = str(tmp_path / "none.kmodel")
    given = "P5-a1-256", "nonsense", missing, "A98-a0.5-224"
    code, out, err = _run(capsys, "check", *given)
    assert code == 2  # of the first
    assert "P5-a1-256-kpu8: fits" in out and "A98-a0.5-224-kpu8: fits" in out
    assert "'nonsense' names no design" in err and "none.kmodel cannot be read" in err
    code, out, err = _run(capsys, "check", "--json", missing, "nonsense", "P5-a1-256")
    first, second, last = json.loads(out)
    assert code == 1
    assert (first["candidate"], second["candidate"]) == (missing, "nonsense")
    assert "cannot be read" in first["error"] and "kpu8" in second["hint"]
    assert last["verdict"] == "accepted" and "error" not in last


def test_check_of_what_does_not_fit_ends_with_3(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "check", "A98-a1-224-kpu8")
    assert code == 3
    assert "nearest that fits" in out


@pytest.mark.compiler
def test_check_asks_the_compiler_too(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = _run(capsys, "check", "--compile", "--json", "A98-a0.35-64-kpu8")
    (row,) = json.loads(out)
    assert code == 0
    assert "nncase" in err
    assert row["compiled"]["agrees"] is True
    assert row["compiled"]["main_memory_bytes"] == row["main_memory_bytes"]


@pytest.mark.parametrize(
    ("verdict", "agrees", "code"),
    [
        ("accepted", True, 0),
        ("rejected", True, 3),
        ("refused", True, 3),
        ("accepted", False, 4),
        ("miscompiled", True, 4),
        ("accepted", None, 0),
    ],
)
def test_the_compilers_verdict_sets_the_exit_code(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    verdict: str,
    agrees: bool | None,
    code: int,
) -> None:
    from dse.chips.k210.compiler import second_opinion

    told = {"verdict": verdict, "agrees": agrees, "kmodel_bytes": None, "message": "said so"}
    answer: dict[str, Any] = {
        **told,
        **dict.fromkeys(second_opinion.COMPARED),
        "differences": {},
        "other_ranges": [],
        "agreement": None,
    }
    monkeypatch.setattr(second_opinion, "compiled_row", lambda *_, **__: answer)
    found, out, _ = _run(capsys, "check", "--compile", "A98-a0.35-64-kpu8")
    assert found == code
    assert "said so" in out


def test_explain_accounts_for_every_layer_and_step(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "explain", "--json", "A98-a1-224-kpu8")
    account = json.loads(out)
    assert code == 0
    assert account["verdict"] == "rejected"
    assert {step["layer"] for step in account["steps"]} == {
        layer["layer"] for layer in account["layers"]
    }


def test_explain_draws_beside_its_table(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    figure = tmp_path / "figure.html"
    code, out, err = _run(capsys, "explain", "A98-a0.5-224", "--figure", str(figure))
    assert code == 0
    assert out.startswith("layer")
    assert str(figure) in err
    assert figure.stat().st_size > 1_000_000  # plotly.js is inside


def test_explain_names_the_figures_it_can_draw(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, _, err = _run(capsys, "explain", "A98-a0.5-224", "--figure", str(tmp_path / "figure.pdf"))
    assert code == 2
    assert ".svg" in err


def test_a_dry_run_accounts_for_every_candidate(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "search", "--dry-run", "--json")
    table = json.loads(out)
    assert code == 0
    assert table["candidates"] == table["feasible"] + sum(table["rejected"].values()) == 714
    assert table["trainings"]


def test_a_space_in_which_nothing_fits_ends_with_3(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = _run(capsys, "search", "--dry-run", "--space", "paper")
    assert code == 3
    assert err


@pytest.mark.slow
def test_no_study_is_said_with_what_to_do(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for command in (
        ["dashboard", "--no-open"],
        ["export", "best"],
        ["evaluate", "best"],
        ["explain", "best", "--quantization"],
    ):
        code, _, err = _run(capsys, *command, "--results", str(tmp_path))
        assert code == 1
        assert "dse search" in err


def test_missing_pictures_are_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = _run(
        capsys, "search", "--data", f"wider:{tmp_path / 'no'}", "--results", str(tmp_path)
    )
    assert code == 1
    assert str(tmp_path / "no") in err


@pytest.mark.slow
def test_verify_refuses_what_is_no_bundle(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, _ = _run(capsys, "verify", str(tmp_path), "--json")
    assert code == 4
    assert json.loads(out)["problems"]


@pytest.mark.slow
def test_what_is_no_detector_is_refused_with_4(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for name in ("notes.kmodel", "notes.tflite"):
        (tmp_path / name).write_text("a text under the name of a network")
        code, out, err = _run(capsys, "evaluate", str(tmp_path / name))
        assert (code, out) == (4, "")
        assert "not a" in err


@pytest.mark.compiler
def test_a_shipped_detector_is_evaluated_and_drawn_without_any_study(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    sheet = tmp_path / "sheet.jpg"
    asked = ("evaluate", "P5-a0.5-256-FP32", "--data", "synthetic:20", "--sheet", str(sheet))
    code, out, err = _run(capsys, *asked, "--json", "--results", str(tmp_path))
    table = json.loads(out)
    assert code == 0
    assert {"ap", "ap_square", "images", "faces", "seconds"} <= set(table)
    assert table["images"] == 4 and table["ap"] > 0
    assert table["precision"] > 0 and table["recall"] > 0 and 0 < table["score"] < 1
    assert table["sheet"] == str(sheet)
    with Image.open(sheet) as image:
        assert image.width == 1400
    assert str(sheet) in err


@pytest.mark.slow
def test_no_pictures_are_an_error_of_their_own(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked = ("evaluate", "P5-a0.5-256-FP32", "--data", f"fddb:{tmp_path}")
    code, out, err = _run(capsys, *asked, "--results", str(tmp_path))
    assert (code, out) == (1, "")
    assert str(tmp_path) in err


@pytest.mark.slow
def test_an_older_kmodel_is_run_by_the_emulator(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "old.kmodel"
    file.write_bytes(softmax_kmodel())
    code, out, _ = _run(capsys, "verify", str(file), "--target", "k210-maixpy-full", "--json")
    found = json.loads(out)
    assert (code, found["ok"], found["kmodel_version"]) == (0, True, 4)
    assert "nncase 0.2" in found["runtime"]
    assert (found["operations"], found["outputs"]) == ("softmax 1", "6")
    assert found["how"] == "the file itself, by the emulator"
    code, out, _ = _run(capsys, "verify", str(file), "--target", "k210-sdk")
    assert code == 0 and out.endswith("verified\n")
    known, unknown = (struct.pack("<2I", number, 48) for number in (11, 99))
    file.write_bytes(softmax_kmodel().replace(known, unknown))
    code, out, _ = _run(capsys, "verify", str(file), "--target", "k210-maixpy-full")
    assert code == 4 and "operation number 99" in out


def softmax_kmodel() -> bytes:
    """Version 4: of six numbers."""
    file = Version4((1, 1, 2, 3), FLOAT)
    written = file.place(6, FLOAT)
    file.add(Softmax, input=file.input, output=written, inner=3, outer=2, beta=1.0)
    file.outputs.append(written)
    return file.content()
