from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dse import resources
from dse.chips import environments
from dse.chips.accuracy import agreement
from dse.chips.k210 import Deployment, compile_kmodel, deploy
from dse.chips.k210.compiler import toolchain
from dse.chips.k210.target import K210Target
from dse.errors import CompilerError
from dse.network.arrays import Weights
from dse.network.graph import Graph
from dse.network.keras_inference import predictor
from tests.chips.fake_uv import FAKE_UV
from tests.chips.k210.networks_and_pictures import random_canvases

pytestmark = [pytest.mark.compiler, pytest.mark.slow]

OWN, OLD = "1.9.0.20230322", "1.1.0.20211203"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "dse"


def fake_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str = "exit 0") -> Path:
    """Puts a script in uv's place; returns the file in which it logs its calls."""
    log, script = tmp_path / "calls", tmp_path / "uv"
    script.write_text(FAKE_UV.format(check=0, log=log, end=end))
    script.chmod(0o755)
    monkeypatch.setenv("UV", str(script))
    return log


@pytest.fixture(scope="module")
def old() -> str:
    """A version that is not ours, installed."""
    try:
        return toolchain.toolchain(OLD).version
    except CompilerError as error:
        pytest.skip(str(error))


def test_our_own_version_runs_here() -> None:
    for wanted in (None, OWN):
        found = toolchain.toolchain(wanted)
        assert (found.version, found.python) == (OWN, None)


@pytest.mark.parametrize("name", [one for one in resources.names("constraints") if "k210" in one])
def test_every_target_names_a_version_that_can_be_had(name: str) -> None:
    assert K210Target.load(name).nncase_version in (OWN, OLD)


@pytest.mark.parametrize("wanted", ["0.2.0", "2.9.0", "", "1.1.0.20211203; rm", "1.10.0.20230000"])
def test_what_is_no_package_is_refused_unasked(wanted: str, cache: Path) -> None:
    with pytest.raises(CompilerError, match="cannot be installed") as caught:
        toolchain.toolchain(wanted)
    assert "kmodel version 5" in caught.value.hint
    assert not cache.exists()


def test_another_version_is_installed_once(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = fake_uv(tmp_path, monkeypatch)
    found = toolchain.toolchain(OLD)
    assert found.python == cache / f"nncase-{OLD}" / "bin" / "python"
    command = found.command("simulate", tmp_path / "x")
    assert command[:2] == [str(found.python), "-I"]
    assert command[2].endswith("nncase_process.py")
    assert f"nncase=={OLD} numpy=={np.__version__}" in log.read_text()
    log.unlink()
    assert toolchain.toolchain(OLD) == found
    assert not log.exists()
    assert [entry.name for entry in cache.iterdir()] == [f"nncase-{OLD}"]


def test_an_installation_that_fails_says_why_and_leaves_nothing(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_uv(
        tmp_path, monkeypatch, end='[ "$1" = pip ] && echo "no route to host" && exit 2; exit 0'
    )
    with pytest.raises(CompilerError, match="no route to host") as caught:
        toolchain.toolchain(OLD)
    assert "network" in caught.value.hint
    assert not list(cache.iterdir())


def test_without_uv_it_says_what_to_type(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "_candidates", lambda: iter(()))
    with pytest.raises(CompilerError, match="no uv") as caught:
        toolchain.toolchain(OLD)
    assert caught.value.hint == "python3 -m pip install uv"


def test_a_kmodel_of_an_old_compiler_runs_in_its_own_simulator(
    old: str,
    graph: Graph,
    weights: Weights,
    calibration: NDArray[np.uint8],
    deployment: Deployment,
) -> None:
    made = deploy(graph, weights, calibration, nncase_version=old)
    assert made.compiled.nncase_version == old
    assert made.compiled.headers.main_memory_bytes == made.compiled.main_memory_bytes
    assert made.compiled.kmodel != deployment.compiled.kmodel
    canvases = random_canvases(3, 64, seed=3)
    with made.running(workers=1) as predict:
        assert "never compared with nncase 1.1" in predict.note
        assert agreement(predict, predictor(graph, weights), canvases) > 0.98


def test_an_old_compilers_own_words_come_back(old: str) -> None:
    from dse.chips.k210.compiler.tflite import random_tflite
    from dse.network.graph import Layer

    size = (128, 128)
    layers = (
        Layer("input", "input", (), (*size, 3)),
        Layer("wide", "conv", ("input",), (*size, 160), 3, 1, (1,) * 4, bias=True),
        Layer("head", "conv", ("wide",), (*size, 5), bias=True),
    )
    tflite = random_tflite(Graph("wide", layers, ("head",)), 0)
    with pytest.raises(CompilerError, match="ran out of memory"):
        compile_kmodel(tflite, random_canvases(1, 128), nncase_version=old)
