from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dse import processes
from dse.errors import InvalidFile
from dse.network import keras_files
from dse.network.keras_files import converted
from dse.network.network_files import read_network

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model() -> Any:
    """Two strided convolutions that pad at the bottom right, one in an inner model; a pad as
    Keras' applications have it; and one convolution that is to stay."""
    from dse.network.keras_startup import keras

    layers = keras.layers
    inner_input = keras.Input((16, 16, 4))
    inner = keras.Model(inner_input, layers.DepthwiseConv2D(3, 2, "same")(inner_input))
    picture = keras.Input((32, 32, 3))
    x = layers.Conv2D(4, 3, 2, "same", activation="relu", name="strided")(picture)
    x = inner(x)
    x = layers.ZeroPadding2D(((0, 1), (0, 1)), name="corner")(x)
    x = layers.Conv2D(6, 3, 2, "valid", name="behind")(x)
    return keras.Model(picture, layers.Conv2D(5, 3, padding="same", name="head")(x))


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_a_keras_file_is_priced_with_its_padding_on_all_sides(
    suffix: str, model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"own{suffix}"
    model.save(path)
    found = read_network(path)
    strided = [layer for layer in found.graph if layer.stride == 2]
    assert [layer.padding for layer in strided] == [(1, 1, 1, 1)] * 3
    assert found.graph[found.graph.outputs[0]].shape == (4, 4, 5)
    (note,) = found.notes
    assert "3 strided convolutions (strided, " in note
    monkeypatch.setattr(processes, "run", None)
    assert converted(path)[1] == found.notes  # once is enough


def test_the_weights_stay(model: Any) -> None:
    from dse.network.keras_conversion import with_padding_on_all_sides

    changed, cured = with_padding_on_all_sides(model)
    assert sorted(cured)[:2] == ["corner", "depthwise_conv2d"] or "strided" in cured
    for before, after in zip(model.get_weights(), changed.get_weights(), strict=True):
        assert np.array_equal(before, after)
    assert changed.output_shape == model.output_shape


def test_what_pads_all_sides_stays_as_it_is() -> None:
    from dse.network.keras_conversion import with_padding_on_all_sides
    from dse.network.keras_startup import keras

    picture = keras.Input((32, 31, 3))  # an odd side: TensorFlow pads it evenly
    odd = keras.Model(picture, keras.layers.Conv2D(4, 3, 2, "same")(picture))
    assert with_padding_on_all_sides(odd) == (odd, [])


def test_no_code_in_a_file_is_run(tmp_path: Path) -> None:
    from dse.network.keras_startup import keras

    path, trace = tmp_path / "lambda.keras", tmp_path / "trace"
    code = f"lambda x: (open({str(trace)!r}, 'w').close(), x)[1]"
    layers = [keras.Input((8, 8, 3)), keras.layers.Lambda(eval(code)), keras.layers.Conv2D(2, 3)]
    keras.Sequential(layers).save(path)
    trace.unlink()
    with pytest.raises(InvalidFile, match=r"Keras cannot convert it: ValueError.*Lambda"):
        converted(path)
    assert not trace.exists()


def test_what_is_no_keras_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "other.keras"
    path.write_bytes(json.dumps({"class_name": "Functional"}).encode())
    with pytest.raises(InvalidFile, match="Keras cannot convert it") as caught:
        converted(path)
    assert "TensorFlow-Lite" in caught.value.hint


def test_a_conversion_that_takes_too_long_is_stopped(
    model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "slow.keras"
    model.save(path)
    monkeypatch.setattr(keras_files, "TIME_LIMIT_S", 0.05)
    with pytest.raises(InvalidFile, match="took too long"):
        converted(path)
