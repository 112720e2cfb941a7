"""The public face: a dozen names, documented, light to import, with results that read well."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import dse
from dse.cli import main

REFERENCE = Path(__file__).parents[1] / "results" / "reference"
FUNCTIONS = sorted(name for name in dse.__all__ if name.islower())


def test_the_face_is_sorted_and_complete() -> None:
    assert dse.__all__ == sorted(dse.__all__) and dir(dse) == dse.__all__
    for name in dse.__all__:
        assert getattr(dse, name).__name__ == name
    with pytest.raises(AttributeError, match="nonsense"):
        dse.nonsense  # noqa: B018


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_says_what_it_takes_and_raises(name: str) -> None:
    function = getattr(dse, name)
    told = inspect.getdoc(function) or ""
    assert "Raises" in told
    for parameter in inspect.signature(function).parameters:
        assert parameter in told
    assert inspect.signature(function).return_annotation is not inspect.Signature.empty


def test_importing_it_loads_nothing() -> None:
    code = "import json, sys, dse; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    loaded = {name for name in json.loads(done.stdout) if name.startswith("dse")}
    assert loaded == {"dse", "dse.lazy"}


def test_no_name_is_a_modules_too() -> None:
    rooms = {path.stem for path in Path(str(dse.__file__)).parent.iterdir()}
    assert not rooms & set(dse.__all__)


def test_a_check_says_what_the_command_says(capsys: pytest.CaptureFixture[str]) -> None:
    found = dse.check("A98-a1-224")
    assert not found.fits
    assert found.verdict.reason == "kpu_memory" and found.nearest is not None
    assert "A98-a1-224-kpu8 on k210: rejected" in repr(found)
    assert "884,736 too many" in repr(found)
    assert main(["check", "A98-a1-224", "--space", "k210_face", "--json"]) == 3
    assert json.loads(capsys.readouterr().out) == [found.as_dict()]


def test_designs_may_be_objects_and_targets_too() -> None:
    training = dse.Training.parse("P5-a1-256")
    target = dse.load_target("k210-sdk")
    assert dse.check(training, target) == dse.check("P5-a1-256-kpu8", "k210-sdk")
    assert repr(dse.explain("P5-a1-256", target)).startswith("<P5-a1-256-kpu8: 12 layers")


def test_a_head_for_more_classes_costs_more() -> None:
    one, ten = (dse.check("P5-a1-256-r5", classes=count) for count in (1, 10))
    assert one.cost.latency_ms < ten.cost.latency_ms
    assert (
        dse.explain("P5-a1-256-r5", classes=10).as_dict() != dse.explain("P5-a1-256-r5").as_dict()
    )


def test_a_study_is_a_front_designs_and_figures() -> None:
    study = dse.open_study(str(REFERENCE))
    front = study.front
    assert list(front["ap"]) == sorted(front["ap"], reverse=True)
    assert set(front["candidate"]) <= set(study.designs["candidate"])
    assert study.best() in set(front["candidate"])
    assert "14 trained" in repr(study)
    assert "&lt;study reference" in study._repr_html_()
    assert study.best() in study._repr_html_()
    assert "front-latency_ms" in study.figures


def test_exploring_a_recorded_table_gives_a_study(tmp_path: Path) -> None:
    table = REFERENCE.parent / "recorded" / "k210.jsonl"
    study = dse.explore(3, replay=table, results=tmp_path, executor="inline")
    assert study.report.trained + study.report.stopped_early == 3
    again = dse.explore(4, results=tmp_path, study=study.name, resume=True, executor="inline")
    assert again.path == study.path and again.report.trained >= study.report.trained


def test_errors_are_one_tree(tmp_path: Path) -> None:
    with pytest.raises(dse.DseError, match="names no design"):
        dse.check("nonsense")
    with pytest.raises(dse.DseError, match="unknown target"):
        dse.check("P5-a1-256", "k21O")
    with pytest.raises(dse.DseError, match="neither a folder nor a file"):
        dse.verify(tmp_path / "missing")
