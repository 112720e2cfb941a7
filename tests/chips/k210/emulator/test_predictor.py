"""The emulator against nncase's simulator, to the bit, and what it refuses."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from dse.chips.k210 import compile_kmodel
from dse.chips.k210.compiler.tflite import random_tflite
from dse.chips.k210.emulator import predictor
from dse.errors import CompilerError, VerificationFailed
from dse.network.graph import Graph, Layer

pytestmark = pytest.mark.compiler

BENCHMARKS = Path(__file__).parents[4] / "benchmarks"

NETWORKS = (
    ("mobilenet", 2336),  # maps under 4x4: convolutions in float32 on the CPU
    ("mobilenet", 2378),  # odd sides, padded on the CPU
    ("mobilenet", 2397),
    ("plain", 2031),  # a maximum fused into a convolution
    ("plain", 2205),  # leaky activation, depthwise layers with strides
    ("plain", 2289),  # means, sigmoid
    ("plain", 2394),  # one channel
    ("plain", 2396),  # 5x5 filters
    ("residual", 2038),
    ("residual", 2060),
    ("residual", 2285),
    ("branched", 2210),  # bilinear up-sampling
    ("branched", 2258),  # the nearest pixel, two outputs
    ("branched", 2315),
)
"""Seeds that no development used."""


@pytest.fixture(scope="module")
def script() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        return importlib.import_module("emulator_agreement")


@pytest.fixture(scope="module")
def small() -> bytes:
    """A kmodel of one convolution of 8x8 pixels."""
    source = Layer("input", "input", (), (8, 8, 3))
    head = Layer("head", "conv", ("input",), (8, 8, 5), bias=True)
    file = random_tflite(Graph("small", (source, head), ("head",)), 0)
    return compile_kmodel(file, np.full((1, 8, 8, 3), 99, np.uint8)).kmodel


@pytest.mark.parametrize(("family", "seed"), NETWORKS)
def test_it_computes_what_the_simulator_does(family: str, seed: int, script: ModuleType) -> None:
    row = script.compare(family, seed)
    assert row["found"] == "equal", row


def test_a_batch_is_many_single_pictures(small: bytes) -> None:
    canvases = np.random.default_rng(1).integers(0, 256, (7, 8, 8, 3), dtype=np.uint8)
    predict = predictor(small, workers=2)
    together = predict(canvases)
    assert together.shape == (7, 8, 8, 5)
    assert together.std() > 0
    for index in range(7):
        np.testing.assert_array_equal(predict(canvases[index : index + 1])[0], together[index])


def test_no_pictures_give_no_maps(small: bytes) -> None:
    assert predictor(small, 1)(np.zeros((0, 8, 8, 3), np.uint8)).shape == (0, 8, 8, 5)


def test_canvases_of_another_shape_are_refused(small: bytes) -> None:
    with pytest.raises(ValueError, match=r"reads planar uint8 \(3, 8, 8\)"):
        predictor(small, 1)(np.zeros((1, 9, 9, 3), np.uint8))


def test_a_damaged_file_is_refused(small: bytes) -> None:
    with pytest.raises(VerificationFailed):
        predictor(small[:-100])


def test_an_unknown_instruction_is_named(small: bytes) -> None:
    from dse.chips.k210.emulator.container import read_container

    text = read_container(small).main.text
    assert text.count(b"\x5e\x03\x00") == 1  # the call of the accelerator, made a softmax
    changed = small.replace(b"\x5e\x03\x00", b"\x5e\x1f\x00")
    with pytest.raises(CompilerError, match="softmax"):
        predictor(changed)
