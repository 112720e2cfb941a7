"""Fourteen kmodels of versions 3 and 4 that people published, to the bit as firmwares run them.

They and the outputs of the firmwares' own interpreters are not distributed with the repository:
`DSE_PUBLIC_KMODELS` names the folder, which lies beside the repository otherwise.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from dse.chips.k210.bundle.verify import verify_kmodel
from dse.chips.k210.emulator import predictor
from dse.chips.k210.kmodel.buffered import read_buffered
from dse.chips.k210.kmodel.kmodel import parse_kmodel
from dse.chips.k210.target import K210Target

NAMES = (
    "asr-v4", "autoencoder-v4", "face-detect-v3", "face-mask-v3", "iris-v4", "landmark5-v3",
    "mask-v3", "mnist-cnn-v4", "mnist-v3", "mobilenet-classifier-v3", "rfb-320-v4",
    "ulffd-landmark-v4", "yolo-face-320x240-v4", "yolo20-v4",
)  # fmt: skip

WORDS = {
    "KPU convolution": "KPUConv2D", "KPU upload": "KPUUpload", "concatenation": "Concat",
    "dequantize": "Dequantize", "matmul": "MatMul", "memory copy": "MemoryCopy", "pad": "Pad",
    "pool": "ReduceWindow2D", "quantize": "Quantize", "quantized binary": "QuantizedBinary",
    "reduce": "Reduce", "resize": "ResizeImage", "transpose": "Transpose", "unary": "Unary",
}  # fmt: skip
"""Our words for operations of version 4 -> nncase's."""


@pytest.fixture(scope="module")
def index(public_kmodels: Path) -> Any:
    return json.loads((public_kmodels / "index.json").read_text())


def stated_input(about: dict[str, Any]) -> NDArray[Any]:
    """The picture that the expected outputs are of."""
    dice, shape = np.random.default_rng(7), about["input_shape"]
    if about["input_type"] == "float32":
        return dice.uniform(-1, 1, size=shape).astype(np.float32)
    return dice.integers(0, 256, size=shape, dtype=np.uint8)


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_those_of_the_firmwares_own_interpreter(
    name: str, public_kmodels: Path, index: Any
) -> None:
    """Of every file, in a batch of two, equal to the bit; exponentials and logarithms, too."""
    picture = stated_input(index[name])
    other = picture[:, :, ::-1, ::-1]
    predict = predictor((public_kmodels / f"{name}.kmodel").read_bytes(), 1)
    found = predict.outputs(np.concatenate([other, picture]))
    with np.load(public_kmodels / f"{name}.expected.npz") as expected:
        assert len(found) == len(expected.files)
        for number, one in enumerate(found):
            wanted = expected[f"output{number}"]
            assert one.dtype == np.float32
            np.testing.assert_array_equal(one[1].view("u4"), wanted.view("u4"))
            np.testing.assert_array_equal(one[:1], predict.outputs(other)[number])


@pytest.mark.parametrize("name", NAMES)
def test_the_reader_says_what_is_in_the_file(name: str, public_kmodels: Path, index: Any) -> None:
    content, about = (public_kmodels / f"{name}.kmodel").read_bytes(), index[name]
    headers, found = parse_kmodel(content), read_buffered(content)
    assert headers.version == found.version == about["version"]
    assert headers.data_bytes == found.main_bytes == about["main_memory_bytes"]
    assert list(found.input_shape) == about["input_shape"]
    assert [one.size // 4 for one in found.outputs] == about["outputs"]
    assert len(found.steps) == about.get("nodes", about.get("layers"))
    if found.version == 4:
        words = {WORDS[word]: count for word, count in found.operations().items()}
        assert words == about["operations"]


@pytest.mark.parametrize("name", ["face-detect-v3", "mnist-cnn-v4"])
def test_verify_runs_a_bare_file(name: str, public_kmodels: Path) -> None:
    target = K210Target.load("k210-maixpy-full")
    report = verify_kmodel(public_kmodels / f"{name}.kmodel", target=target)
    assert report.ok, report.problems
    assert report.measured["how"] == "the file itself, by the emulator"
    assert "KPU convolution" in report.measured["operations"]
    assert 0 < report.measured["emulator_seconds_a_picture"] < 60


def test_what_nothing_reads_may_be_missing_at_the_end(public_kmodels: Path) -> None:
    """nncase 0.2 counts bytes behind the last operation that it does not write: four here."""
    content = (public_kmodels / "mnist-cnn-v4.kmodel").read_bytes()
    assert parse_kmodel(content + bytes(4)).size_bytes == len(content) + 4
    picture = np.zeros((1, 1, 112, 112), np.uint8)
    short, whole = (predictor(one, 1).outputs(picture) for one in (content, content + bytes(4)))
    np.testing.assert_array_equal(short[0], whole[0])
