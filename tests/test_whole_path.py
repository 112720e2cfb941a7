"""The main job from the command line, once through: search, look, export, verify, evaluate."""

from __future__ import annotations

import base64
import contextlib
import gzip
import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from dse.chips.k210.compiler.toolchain import toolchain
from dse.chips.k210.target import K210Target
from dse.cli import main
from dse.data import open_data
from dse.detection.confidence import RESAMPLES, interval_of
from dse.errors import CompilerError
from dse.search import find_study, load_study
from dse.study.best_design import choose
from dse.study.resampled import read_resampled

pytestmark = [pytest.mark.compiler, pytest.mark.slow]

SPACE = """
breakpoint = ["A"]
frozen_until = [98]
width = [0.35]
input_size = [96, 128]
format = ["kpu8", "FP16"]
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one small finished study."""
    folder = tmp_path_factory.mktemp("whole path")
    (folder / "small.toml").write_text(SPACE)
    arguments = ["search", "--budget", "2", "--space", str(folder / "small.toml")]
    arguments += ["--data", "synthetic:40", "--epochs", "2", "--executor", "inline"]
    assert main([*arguments, "--results", str(folder / "results")]) == 0
    return folder / "results"


def _json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    capsys.readouterr()
    assert main([*arguments, "--json"]) == 0
    table: dict = json.loads(capsys.readouterr().out)
    return table


def test_resuming_a_finished_study_reports_it(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = _json(capsys, "search", "--resume", "--executor", "inline", "--results", str(results))
    assert report["trained"] + report["stopped_early"] == 2
    assert report["feasible"] == 4
    deployable = [row for row in report["front"] if row["deployable"]]
    assert deployable
    assert all(row["kmodel_ap"] is not None for row in deployable)


def test_draws_of_the_pictures_are_kept_and_give_the_interval(results: Path) -> None:
    record = load_study(find_study(results, None))
    for row in record.rows:
        if row.deployable and row.state in ("front", "dominated"):
            draws = read_resampled(record.path / "trainings" / row.training.id)
            assert draws is not None and len(draws) == RESAMPLES
            assert interval_of(draws) == pytest.approx((row.ap_low, row.ap_high), abs=1e-5)
    choice = choose(record)
    assert choice is not None and choice.paired


def test_a_search_says_how_to_go_on_with_its_study(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = find_study(results, None).name
    assert main(["search", "--resume", "--executor", "inline", "--results", str(results)]) == 0
    said = capsys.readouterr().err
    assert f"dse dashboard {study} --results {results}" in said
    assert f"dse export best --study {study} --results {results}" in said
    assert "best:   " in said and "paired bootstrap" in said


def test_a_replay_promises_no_kmodel(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = Path(__file__).parents[1] / "results" / "recorded" / "k210.jsonl"
    arguments = ["search", "--replay", str(table), "--budget", "2", "--executor", "inline"]
    assert main([*arguments, "--results", str(tmp_path)]) == 0
    said = capsys.readouterr().err
    assert "dse dashboard" in said and "dse export" not in said
    assert "no weights to export" in said


def test_the_page_is_written(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dashboard", "--no-open", "--results", str(results)]) == 0
    page = Path(capsys.readouterr().out.strip())
    assert "A98-a0.35-96" in page.read_text(encoding="utf-8")


def test_the_page_shows_what_the_front_finds(
    results: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    arguments = ["dashboard", "--no-open", "--samples", "3", "--out", str(page)]
    assert main([*arguments, "--results", str(results)]) == 0
    assert "emulated" in capsys.readouterr().err
    found = re.search(r'id="payload">([^<]+)', page.read_text(encoding="utf-8"))
    assert found
    [study] = json.loads(gzip.decompress(base64.b64decode(found[1])))["studies"]
    record = load_study(find_study(results, None))
    assert set(study["samples"]["drawn"]) == {row.id for row in record.front if row.deployable}
    faces = [[one["found"] + one["missed"] for one in drawn]
             for drawn in study["samples"]["drawn"].values()]  # fmt: skip
    assert len(faces[0]) == 3 and all(other == faces[0] for other in faces)
    labelled = [len(picture.boxes) for picture in open_data("synthetic:40", "eval").pictures]
    assert all(count in labelled for count in faces[0])


@pytest.fixture(scope="module")
def exported(results: Path) -> Any:
    """What `dse export best --json` says."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        assert main(["export", "best", "--results", str(results), "--json"]) == 0
    return json.loads(said.getvalue())


def test_the_best_design_is_exported_verified_and_evaluated(
    results: Path, exported: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = Path(exported["path"])
    assert {"model.kmodel", "model.tflite", "MODEL_CARD.md"} <= {f.name for f in bundle.iterdir()}
    assert exported["kmodel_bytes"] == (bundle / "model.kmodel").stat().st_size
    assert _json(capsys, "verify", str(bundle))["ok"]
    found = _json(capsys, "evaluate", str(bundle), "--data", "synthetic:40")
    assert found["ap"] == pytest.approx(exported["kmodel_ap"], abs=1e-6)
    in_float = _json(capsys, "evaluate", str(bundle / "model.tflite"), "--data", "synthetic:40")
    assert in_float["ap"] == pytest.approx(exported["ap"], abs=1e-3)
    trained = _json(capsys, "evaluate", "best", "--results", str(results))
    assert trained["ap"] == pytest.approx(exported["kmodel_ap"], abs=1e-6)


@pytest.mark.parametrize(
    ("firmware", "version", "module"),
    [("k210-maixpy-full", 3, "KPU"), ("k210-maixpy-full", 4, "KPU"), ("k210-canmv", 3, "maix")],
)
def test_an_older_firmware_gets_its_file_and_its_program(
    results: Path,
    exported: Any,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    firmware: str,
    version: int,
    module: str,
) -> None:
    target = firmware
    if version == 4:
        target = str(tmp_path / "four.toml")
        Path(target).write_text(f'extends = "{firmware}"\nkmodel_versions_written = [4]\n')
    told = _json(capsys, "export", "best", "--results", str(results), "--target", target)
    assert told["kmodel_ap"] == pytest.approx(exported["kmodel_ap"], abs=0.02)
    bundle = Path(told["path"])
    found = _json(capsys, "verify", str(bundle), "--target", target)
    assert (found["ok"], found["kmodel_version"]) == (True, version)
    assert found["target"] == Path(target).stem
    runtime = {3: "nncase 0.1", 4: "nncase 0.2"}[version]
    assert runtime in found["how"] and found["correlation"] > 0.9
    program = (bundle / "main.py").read_text()
    assert module in program and ("set_outputs" in program) == (version == 4)
    measured = _json(capsys, "evaluate", str(bundle), "--data", "synthetic:40")
    assert measured["ap"] == pytest.approx(told["kmodel_ap"], abs=1e-6)
    assert main(["verify", str(bundle), "--target", "k210-canmv-v5"]) == 4  # another compiler's
    kmodel = bundle / "model.kmodel"
    kmodel.write_bytes(kmodel.read_bytes()[:-500])
    assert main(["verify", str(bundle), "--target", target]) == 4


def test_a_firmware_with_an_older_runtime_gets_a_bundle_of_its_own_compiler(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = K210Target.load("k210-canmv-v5")
    try:
        toolchain(target.nncase_version)
    except CompilerError as error:
        pytest.skip(str(error))
    bundle = _json(capsys, "export", "best", "--results", str(results), "--target", target.name)
    found = _json(capsys, "verify", bundle["path"])
    assert (found["target"], found["nncase_version"]) == (target.name, target.nncase_version)
    assert main(["verify", bundle["path"], "--target", "k210-sdk"]) == 4


def test_a_trained_designs_quantization_is_explained_layer_by_layer(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("explain", "--quantization", "best", "--results", str(results), "--pictures", "4")
    account = _json(capsys, *asked)
    exact = _json(capsys, "evaluate", "best", "--results", str(results))
    assert account["pictures"] == 4
    assert account["layers"][-1]["name"] == "head"
    assert account["kmodel_ap"] == pytest.approx(exact["ap"], abs=0.1)
    assert account["gap"] == pytest.approx(account["ap"] - account["kmodel_ap"])
    assert account["costliest"] in {layer["name"] for layer in account["layers"]}


def test_a_damaged_kmodel_is_refused(exported: Any, tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(exported["path"], tmp_path / Path(exported["path"]).name))
    kmodel = bundle / "model.kmodel"
    kmodel.write_bytes(kmodel.read_bytes()[:5000])
    assert main(["verify", str(bundle)]) == 4
    assert main(["evaluate", str(kmodel)]) == 4
