"""A classifier as Keras and TensorFlow's converter write it: predicted to the byte."""

import importlib
from pathlib import Path

import pytest

from dse.chips import load_target
from dse.chips.k210.compiler.second_opinion import compiled_row
from dse.chips.k210.target import K210Target

pytestmark = [pytest.mark.compiler, pytest.mark.slow]

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_a_classifier_with_its_head(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Additions, a global mean, a dense layer (a 1x1 convolution padded to 4x4) and a softmax."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    script = importlib.import_module("keras_networks")
    models = importlib.import_module("keras_models")
    path = tmp_path / "classifier.tflite"
    path.write_bytes(script.to_tflite(models.residual_classifier()))
    compiled = compiled_row(str(path), K210Target.own(load_target("k210")))
    assert compiled is not None
    assert compiled["agrees"], compiled
