"""What is wrong is said before TensorFlow is imported, which takes longer than all else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import dse

REFERENCE = Path(dse.__file__).parents[1] / "results" / "reference"
HEAVY = {"tensorflow", "keras", "ray"}

SCRIPT = (
    "import json, sys\n"
    "from dse.cli import main\n"
    "try:\n    code = main(sys.argv[1:])\nexcept SystemExit as stop:\n    code = stop.code\n"
    "print(json.dumps([code, sorted({name.split('.')[0] for name in sys.modules})]))"
)


def _dse(*arguments: str) -> tuple[int, set[str], str]:
    """Exit code, what was imported, and everything that was said."""
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "DSE_WEIGHTS": ""},
    )
    assert run.stdout, run.stderr
    *out, last = run.stdout.splitlines()
    code, loaded = json.loads(last)
    return code, set(loaded), "\n".join([*out, run.stderr])


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Those of a clone: a study without weights."""
    shutil.copytree(
        REFERENCE, tmp_path / "results" / "reference", ignore=shutil.ignore_patterns("*.html")
    )
    return tmp_path / "results"


def test_a_folder_that_is_no_bundle_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    code, loaded, said = _dse("verify", str(tmp_path), "--data", "fddb:nowhere")
    assert code == 4 and "is no bundle" in said and "1 problem" in said
    assert not loaded & (HEAVY | {"numba", "scipy", "PIL"})


def test_a_damaged_bundle_is_said_before_it_is_run(results: Path) -> None:
    bundle = results / "reference" / "bundles" / "P8-a0.5-128"
    (bundle / "decode.c").write_text("changed")
    code, loaded, said = _dse("verify", str(bundle))
    assert code == 4 and "decode.c" in said
    assert not loaded & HEAVY


@pytest.mark.parametrize("command", ["export", "evaluate"])
def test_a_typo_is_said_at_once(results: Path, command: str) -> None:
    code, loaded, said = _dse(command, "bst", "--results", str(results))
    assert code == 2 and "Did you mean 'best'?" in said and "more" in said
    assert not loaded & HEAVY


def test_missing_weights_are_said_at_once(results: Path) -> None:
    code, loaded, said = _dse("export", "best", "--results", str(results))
    assert code == 1 and "holds no trained weights" in said
    assert not loaded & HEAVY


def test_an_existing_folder_is_refused_before_anything_is_made(
    results: Path, tmp_path: Path
) -> None:
    asked = ("export", "P5-a1-256", "--out", str(results), "--results", str(results))
    code, loaded, said = _dse(*asked)
    assert code == 2 and "exists and is no bundle" in said
    assert not loaded & (HEAVY | {"optuna"})
    assert not (results / ".cache").exists()


@pytest.mark.compiler
def test_the_doctor_looks_without_running_a_network() -> None:
    code, loaded, said = _dse("doctor")
    assert "starting weights" in said and "k210-m5stickv" in said
    assert code in (0, 1)
    assert not loaded & HEAVY
