from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dse import processes
from dse.chips.k210 import Deployment, compile_kmodel, compiler_version, to_tflite
from dse.chips.k210.compiler.tflite import random_tflite
from dse.errors import CompilerError
from dse.network.detector import detector_graph
from dse.network.graph import Graph, Layer
from dse.space import Training
from tests.chips.k210.networks_and_pictures import random_canvases, random_weights

pytestmark = [pytest.mark.compiler, pytest.mark.slow]


def wide_graph(channels: int) -> Graph:
    """A convolution whose maps fill `channels` x 16 KiB of the KPU's memory."""
    return Graph(
        "wide",
        (
            Layer("input", "input", (), (128, 128, 3)),
            Layer("wide", "conv", ("input",), (128, 128, channels), 3, 1, (1,) * 4, bias=True),
            Layer("head", "conv", ("wide",), (128, 128, 5), bias=True),
        ),
        ("head",),
    )


def test_the_papers_network_needs_what_the_compiler_said_before() -> None:
    graph = detector_graph(Training("A", 98, 0.5, 224))
    tflite = to_tflite(graph, random_weights(graph))
    compiled = compile_kmodel(tflite, random_canvases(1, 224))
    assert compiled.data_bytes == 501_760  # no copy of the picture, no padding on the CPU
    assert compiled.peak_kpu_bytes == 1_490_944
    assert compiled.input_bytes == 224 * 224 * 3
    assert compiled.output_bytes == 14 * 14 * 125 * 4
    assert 276_000 < compiled.kmodel_bytes < 278_600


def test_maps_that_do_not_fit_are_explained() -> None:
    graph = wide_graph(160)
    tflite = to_tflite(graph, random_weights(graph))
    with pytest.raises(CompilerError, match="ran out of memory") as caught:
        compile_kmodel(tflite, random_canvases(1, 128))
    assert "2 MiB" in caught.value.hint


def test_a_slow_compiler_is_stopped(
    deployment: Deployment, calibration: NDArray[np.uint8], no_leftovers: Path
) -> None:
    with pytest.raises(CompilerError, match=r"0\.05 s"):
        compile_kmodel(deployment.tflite, calibration, time_limit_s=0.05)
    assert not list(no_leftovers.iterdir())


@pytest.mark.parametrize("content", [b"", b"hello", bytes(1000), b"\x20\0\0\0TFL3" + bytes(60)])
def test_what_is_no_tflite_file_never_reaches_the_compiler(
    content: bytes, calibration: NDArray[np.uint8]
) -> None:
    with pytest.raises(CompilerError, match="TensorFlow-Lite"):
        compile_kmodel(content, calibration)


def test_a_damaged_file_is_an_error_and_no_crash(
    deployment: Deployment, calibration: NDArray[np.uint8]
) -> None:
    with pytest.raises(CompilerError) as caught:
        compile_kmodel(deployment.tflite[: len(deployment.tflite) // 2], calibration)
    assert caught.value.hint


def test_pictures_must_have_the_networks_shape(
    deployment: Deployment, calibration: NDArray[np.uint8]
) -> None:
    with pytest.raises(CompilerError, match=r"reads \(64, 64, 3\).* are \(32, 32, 3\)"):
        compile_kmodel(deployment.tflite, random_canvases(1, 32))
    with pytest.raises(CompilerError, match=r"reads \(64, 64, 3\).* are \(64, 64, 1\)"):
        compile_kmodel(deployment.tflite, calibration[..., :1])
    for wrong in (calibration[:0], calibration[0], calibration.astype(np.float32)):
        with pytest.raises(CompilerError, match="uint8"):
            compile_kmodel(deployment.tflite, wrong)


@pytest.mark.parametrize("shape", [(24, 40, 1), (33, 20, 5)])
def test_pictures_of_any_shape_and_several_outputs(shape: tuple[int, int, int]) -> None:
    height, width, channels = shape
    one = (1, 1, 1, 1)
    graph = Graph(
        "two heads",
        (
            Layer("input", "input", (), shape),
            Layer("body", "conv", ("input",), (height, width, 8), 3, 1, one, "relu", bias=True),
            Layer("left", "conv", ("body",), (height, width, 5), bias=True),
            Layer("right", "conv", ("body",), (height, width, 6), bias=True),
        ),
        ("left", "right"),
    )
    pictures = np.random.default_rng(0).integers(0, 256, (2, *shape), np.uint8)
    compiled = compile_kmodel(random_tflite(graph, 0), pictures)
    assert compiled.input_bytes == height * width * channels
    assert compiled.output_bytes == height * width * 11 * 4


def pair(right: tuple[int, int, int]) -> bytes:
    """Two inputs, each through a convolution of its own to one sum or two outputs."""
    shapes = {"one": (64, 64, 3), "two": right}
    inputs = [Layer(name, "input", (), shape) for name, shape in shapes.items()]
    body = [
        Layer(f"{name}_body", "conv", (name,), (*shape[:2], 4), bias=True)
        for name, shape in shapes.items()
    ]
    layers = (*inputs, *body)
    return random_tflite(Graph("pair", layers, ("one_body", "two_body")), 0)


def test_two_pictures_of_one_shape_are_a_camera_s(calibration: NDArray[np.uint8]) -> None:
    with pytest.raises(CompilerError, match="2 inputs, calibration is of 1"):
        compile_kmodel(pair((64, 64, 3)), calibration)
    compiled = compile_kmodel(pair((64, 64, 3)), [calibration, calibration])
    assert compiled.input_bytes == 2 * 64 * 64 * 3


def test_inputs_that_are_no_pictures_are_numbers(calibration: NDArray[np.uint8]) -> None:
    with pytest.raises(CompilerError, match="numbers are uint8"):
        compile_kmodel(pair((8, 8, 2)), [calibration[:2], calibration[:2, :8, :8, :2]])
    numbers = [calibration[:2].astype("f4"), calibration[:2, :8, :8, :2].astype("f4")]
    compiled = compile_kmodel(pair((8, 8, 2)), numbers)
    assert compiled.input_bytes == 4 * (64 * 64 * 3 + 8 * 8 * 2)
    assert [tensor.shape for tensor in compiled.headers.inputs] == [(1, 64, 64, 3), (1, 8, 8, 2)]


def test_unknown_calibration_method_names_the_known(
    deployment: Deployment, calibration: NDArray[np.uint8]
) -> None:
    with pytest.raises(CompilerError, match="guess") as caught:
        compile_kmodel(deployment.tflite, calibration, calibrate_method="guess")
    assert "no_clip" in caught.value.hint


def test_compiling_prints_nothing(
    deployment: Deployment, calibration: NDArray[np.uint8], capfd: pytest.CaptureFixture[str]
) -> None:
    compiled = compile_kmodel(deployment.tflite, calibration)
    assert capfd.readouterr() == ("", "")
    again = compile_kmodel(deployment.tflite, calibration)
    assert compiled.kmodel == again.kmodel  # it is deterministic
    assert compiled.kmodel_bytes == deployment.compiled.kmodel_bytes
    assert "SUMMARY" in compiled.log


def test_the_compilers_death_is_told(
    deployment: Deployment, calibration: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = "import os; print('about to die', flush=True); os.abort()"
    monkeypatch.setattr(
        processes, "module_command", lambda *_: ["/usr/bin/env", "python3", "-c", script]
    )
    with pytest.raises(CompilerError, match=r"SIGABRT.*about to die"):
        compile_kmodel(deployment.tflite, calibration)


def test_version_names_compiler_and_target() -> None:
    assert compiler_version() == "nncase 1.9.0.20230322, k210"
