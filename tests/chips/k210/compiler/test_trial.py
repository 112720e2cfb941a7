from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dse.chips.k210.compiler import trial
from dse.chips.k210.compiler.compiler import compile_kmodel
from dse.chips.k210.compiler.file_runs import Died, run_kmodel, run_tflite
from dse.chips.k210.compiler.network_inputs import network_inputs
from dse.chips.k210.compiler.second_opinion import compiled_row, compiled_table
from dse.chips.k210.compiler.toolchain import toolchain
from dse.chips.k210.compiler.trial_inputs import noise
from dse.chips.k210.target import K210Target
from dse.errors import VerificationFailed
from tests.chips.k210.compiler.small_files import grouped, sound

pytestmark = [pytest.mark.compiler, pytest.mark.slow]

TARGET = K210Target.load("k210")


def row_of(content: bytes, folder: Path) -> dict[str, Any]:
    path = folder / "own.tflite"
    path.write_bytes(content)
    row = compiled_row(str(path), TARGET)
    assert row is not None
    return row


def test_a_file_that_computes_the_same_is_told_to(tmp_path: Path) -> None:
    row = row_of(sound(), tmp_path)
    assert (row["verdict"], row["agreement"]["same"]) == ("accepted", True)
    (output,) = row["agreement"]["outputs"]
    assert output["output"] == "head"
    assert output["correlation"] > 0.99
    assert output["largest_error_steps"] < 10
    told = compiled_table({**row, "candidate": "own", "compiled": row, "message": ""})
    assert "computes what the network computes (on 4 pictures of noise" in told


def test_a_grouped_convolution_computes_something_else(tmp_path: Path) -> None:
    row = row_of(grouped(), tmp_path)
    assert (row["verdict"], row["fits"], row["reason"]) == (
        "miscompiled", False, "computes_something_else",
    )  # fmt: skip
    assert row["agreement"]["parted_at"] == "second"
    assert row["message"] == "compiles and computes something else: they part at layer second"


def test_outputs_that_hardly_vary_are_looked_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    content = sound()
    inputs = network_inputs(content)
    samples = noise(inputs)
    compiled = compile_kmodel(content, samples.arrays)
    monkeypatch.setattr("dse.chips.k210.compiler.output_agreement.TELLING_STEPS", 1e9)
    assert trial.tried(content, compiled, inputs, samples).inside == ()
    monkeypatch.setattr(
        "dse.chips.k210.compiler.output_agreement.OutputAgreement.telling",
        property(lambda told: told.output != "head"),
    )
    told = trial.tried(content, compiled, inputs, samples)
    assert [one.output for one in told.inside] == ["pool"]
    assert told.same


def test_a_simulator_that_dies_is_the_file_s_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    content = sound()
    inputs = network_inputs(content)
    samples = noise(inputs)
    compiled = compile_kmodel(content, samples.arrays)

    def dies(kmodel: bytes, *rest: Any) -> Any:
        if kmodel == compiled.kmodel:
            raise Died("nncase's simulator is killed by SIGSEGV by it")
        return run_kmodel(kmodel, *rest)

    monkeypatch.setattr("dse.chips.k210.compiler.output_agreement.run_kmodel", dies)
    told = trial.tried(content, compiled, inputs, samples)
    assert not told.same
    assert "SIGSEGV" in told.message
    assert told.parted_at == "head"  # all before it, compiled alone, computes what it should


def test_what_cannot_be_run_is_an_error() -> None:
    picture = [np.zeros((1, 3, 16, 16), np.uint8)]
    with pytest.raises(VerificationFailed, match="not a kmodel"):
        run_kmodel(b"no kmodel at all", picture, toolchain(), 60)
    with pytest.raises(VerificationFailed, match="TensorFlow Lite"):
        run_tflite(b"no TensorFlow-Lite file", picture, 60)


def test_a_simulator_that_takes_too_long_is_stopped() -> None:
    content = sound()
    inputs = network_inputs(content)
    samples = noise(inputs)
    compiled = compile_kmodel(content, samples.arrays)
    with pytest.raises(VerificationFailed, match=r"stopped after 0\.05 s"):
        run_kmodel(compiled.kmodel, list(inputs.arranged(samples.arrays)), toolchain(), 0.05)


@pytest.mark.parametrize("network", ["branches", "classifier"])
def test_an_onnx_file_is_priced_compiled_and_tried(network: str, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    from tests.network.onnx_networks import branches, classifier, written

    path = tmp_path / "own.onnx"
    path.write_bytes(classifier() if network == "classifier" else written(branches()))
    row = compiled_row(str(path), TARGET)
    assert row is not None
    assert (row["verdict"], row["agrees"], row["differences"]) == ("accepted", True, {})
    assert row["agreement"]["same"] is True
    assert all(one["largest_error_steps"] < 10 for one in row["agreement"]["outputs"])
