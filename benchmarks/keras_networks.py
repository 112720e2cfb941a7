"""Networks as people build them in Keras, converted by TensorFlow, predicted and compiled.

    python benchmarks/keras_networks.py [--json]

Two classifiers of `keras.applications` with their heads, a small residual network, and a
detector of plain convolutions with LeakyReLU, all with random weights. Takes half a minute.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dse.chips import check_rows, load_target
from dse.chips.k210.compiler.second_opinion import compiled_row, compiled_table
from dse.chips.k210.target import K210Target
from dse.network.keras_startup import keras

__all__ = ["residual_classifier", "to_tflite"]

kl = keras.layers


def models() -> Iterator[tuple[str, keras.Model]]:
    """(name, model), one after the other."""
    applications = keras.applications
    yield "mobilenet", applications.MobileNet((128, 128, 3), 0.25, weights=None, classes=10)
    yield "mobilenetv2", applications.MobileNetV2((96, 96, 3), 0.35, weights=None, classes=10)
    yield "residual", residual_classifier()
    yield "tiny-yolo", _tiny_yolo()


def residual_classifier() -> keras.Model:
    """He et al.'s basic blocks on a picture that is not square, global mean, dense, softmax."""
    picture = keras.Input((64, 96, 3))
    tensor = _normalised(picture, 16, 3)
    for channels, stride in ((16, 1), (32, 2), (64, 2)):
        inner = _normalised(tensor, channels, 3, stride)
        inner = kl.BatchNormalization()(kl.Conv2D(channels, 3, padding="same")(inner))
        if stride > 1:
            tensor = kl.Conv2D(channels, 1, stride, padding="same")(tensor)
        tensor = kl.ReLU()(kl.Add()([tensor, inner]))
    mean = kl.GlobalAveragePooling2D()(tensor)
    return keras.Model(picture, kl.Dense(5, activation="softmax")(mean))


def _tiny_yolo() -> keras.Model:
    picture = tensor = keras.Input((224, 224, 3))
    for channels in (8, 16, 32, 64, 64):
        tensor = kl.BatchNormalization()(kl.Conv2D(channels, 3, padding="same")(tensor))
        tensor = kl.MaxPooling2D()(kl.LeakyReLU(0.1)(tensor))
    return keras.Model(picture, kl.Conv2D(30, 1)(tensor))


def _normalised(tensor: Any, channels: int, kernel: int, stride: int = 1) -> Any:
    tensor = kl.Conv2D(channels, kernel, stride, padding="same", use_bias=False)(tensor)
    return kl.ReLU()(kl.BatchNormalization()(tensor))


def to_tflite(model: keras.Model) -> bytes:
    """`model` for one picture, by TensorFlow's own converter."""
    import tensorflow as tf

    picture = keras.Input(model.input_shape[1:], batch_size=1)
    with contextlib.redirect_stdout(io.StringIO()):  # a line for each weight
        converted = tf.lite.TFLiteConverter.from_keras_model(keras.Model(picture, model(picture)))
        content: bytes = converted.convert()
    return content


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--target", default="k210")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    target, rows = load_target(options.target), []
    with tempfile.TemporaryDirectory() as folder:
        for name, model in models():
            path = Path(folder) / f"{name}.tflite"
            path.write_bytes(to_tflite(model))
            (row,) = check_rows([str(path)], target)
            rows.append(
                {
                    **row,
                    "candidate": name,
                    "compiled": compiled_row(str(path), K210Target.own(target)),
                }
            )
    print(json.dumps(rows, indent=2) if options.json else "\n\n".join(map(compiled_table, rows)))
    return int(not all(row["compiled"]["agrees"] for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
