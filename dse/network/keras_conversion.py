"""Keras to TensorFlow-Lite as an export does it: float32, one picture, padding on all sides.

`python -m dse.network.keras_conversion FILE FOLDER` writes FOLDER/model.tflite and notes.json, a
list of sentences that say what was changed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from dse.files import write_whole
from dse.network.keras_startup import keras
from dse.terminal import silent_stderr

__all__ = ["convert", "with_padding_on_all_sides"]

CONVOLUTIONS = ("Conv2D", "DepthwiseConv2D", "SeparableConv2D")


def convert(path: Path, folder: Path) -> None:
    """Converts the file. Raises what Keras raises for one that it cannot load or convert."""
    model = keras.models.load_model(path, compile=False, safe_mode=True)
    notes = []
    model, cured = with_padding_on_all_sides(model)
    if cured:
        notes.append(
            f"TensorFlow's padding at the bottom right of {len(cured)} strided convolutions "
            f"({', '.join(cured[:3])}{', ...' if len(cured) > 3 else ''}) was put on all sides, as "
            "dse export does: train, or fine-tune, with ZeroPadding2D(1) and padding='valid'"
        )
    write_whole(folder / "model.tflite", _tflite(model), durable=False)
    write_whole(folder / "notes.json", json.dumps(notes), durable=False)


def with_padding_on_all_sides(model: Any) -> tuple[Any, list[str]]:
    """The model, with the same weights, and names of the layers that pad otherwise than before.

    A strided convolution that pads the bottom and the right alone is the dearest thing that a
    network can hold on a chip whose accelerator pads all sides. The map keeps its size; the network
    sees it shifted by a pixel. A model that is no graph of layers stays as it is.
    """
    if isinstance(model, keras.Sequential) and model.built:
        model = keras.Model(model.inputs, model.outputs)
    if not isinstance(model, keras.Model) or not hasattr(model, "operations"):
        return model, []
    cured: list[str] = []

    def clone(layer: Any) -> Any:
        settings = layer.get_config()
        if _pads_bottom_right(layer):
            settings["padding"] = "valid"
            cured.append(layer.name)
        elif _is_bottom_right_pad(layer):
            (_, bottom), (_, right) = layer.padding
            settings["padding"] = ((bottom, bottom), (right, right))
            cured.append(layer.name)
        return layer.__class__.from_config(settings)

    def call(layer: Any, *given: Any, **named: Any) -> Any:
        if layer.name in cured and type(layer).__name__ in CONVOLUTIONS:
            around = tuple(side // 2 for side in layer.kernel_size)
            padded = keras.layers.ZeroPadding2D(around, name=f"{layer.name}_pad")(given[0])
            return layer(padded, *given[1:], **named)
        return layer(*given, **named)

    changed = keras.models.clone_model(
        model, clone_function=clone, call_function=call, recursive=True
    )
    if not cured or changed.output_shape != model.output_shape:
        return model, []
    changed.set_weights(model.get_weights())
    return changed, cured


def _pads_bottom_right(layer: Any) -> bool:
    """An odd kernel of stride 2 on a map of even sides, padded as TensorFlow's 'same'."""
    if type(layer).__name__ not in CONVOLUTIONS or layer.padding != "same":
        return False
    sides = tuple(layer.input.shape[1:3])
    strided = tuple(layer.strides) == (2, 2) and all(side % 2 for side in layer.kernel_size)
    return strided and None not in sides and not any(side % 2 for side in sides)


def _is_bottom_right_pad(layer: Any) -> bool:
    """As Keras' own applications pad in front of such a convolution."""
    if type(layer).__name__ != "ZeroPadding2D":
        return False
    (top, bottom), (left, right) = layer.padding
    return (top + 1, left + 1) == (bottom, right)


def _tflite(model: Any) -> bytes:
    """One picture at a time: nncase takes no other number."""
    import tensorflow as tf

    for tensor in model.inputs:
        if None in tensor.shape[1:]:
            raise ValueError(f"its input is {tuple(tensor.shape)}: fix height and width")
    inputs = [
        keras.Input(batch_shape=(1, *one.shape[1:]), dtype=one.dtype, name=f"input_{number}")
        for number, one in enumerate(model.inputs)
    ]
    single = keras.Model(inputs, model(inputs if len(inputs) > 1 else inputs[0]))
    converted: bytes = tf.lite.TFLiteConverter.from_keras_model(single).convert()
    return converted


if __name__ == "__main__":
    with silent_stderr():
        import tensorflow  # noqa: F401  says what it has to say
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
