"""The script that trains the shipped plain detectors, end to end and small."""

import json
from pathlib import Path

import numpy as np
import pytest

from dse.errors import UsageError
from dse.network.detector import detector_graph
from dse.network.keras_inference import predictor
from dse.network.keras_model import build, get_weights
from dse.network.keras_startup import keras
from dse.space import Training
from tools.pretrain_plain import main

pytestmark = pytest.mark.slow

DESIGN = "P5-a0.5-64"
COMMON = ["--data", "synthetic:12", "--epochs", "1"]


@pytest.fixture(autouse=True)
def float32_afterwards() -> object:
    yield
    keras.mixed_precision.set_global_policy("float32")


def arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as stored:
        return {name: stored[name] for name in stored.files}


def test_from_nothing_with_a_teacher_then_wider(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    teacher = tmp_path / "teacher.npz"
    np.savez(teacher, **get_weights(build(detector_graph(Training.parse("A63-a0.35-64")))))  # type: ignore[arg-type]
    first, second = tmp_path / "first.npz", tmp_path / "second.npz"
    main(["--design", DESIGN, "--teacher", f"A63-a0.35-64={teacher}", "--out", str(first), *COMMON])
    settings = json.loads(capsys.readouterr().out)
    assert settings["design"] == DESIGN and 0 <= float(settings["val_ap"]) <= 1
    weights = arrays(first)
    assert {value.dtype for value in weights.values()} == {np.dtype(np.float16)}
    graph = detector_graph(Training.parse(DESIGN))
    maps = predictor(graph, {name: value.astype(np.float32) for name, value in weights.items()})(
        np.zeros((1, 64, 64, 3), np.uint8)
    )
    assert np.isfinite(maps).all()

    wide = "P5-a1-64"
    main(["--design", wide, "--start", f"{DESIGN}={first}", "--out", str(second), *COMMON])
    assert arrays(second)["conv_10/kernel"].shape == (3, 3, 128, 128)
    assert not list(tmp_path.glob("*.checkpoint.npz"))


def test_weights_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="names no weights"):
        main(["--design", DESIGN, "--start", "P5-a0.5-64", "--out", str(tmp_path / "x"), *COMMON])
