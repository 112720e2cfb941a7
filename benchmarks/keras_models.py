"""Networks as people build them in Keras, with random weights: classifiers and detector heads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dse.network.keras_startup import keras

__all__ = ["MODELS", "residual_classifier"]

kl = keras.layers

BOXES, CLASSES = 5, 3
ANCHORS = 3


def application(name: str, *, side: int = 224, **options: Any) -> Callable[[], keras.Model]:
    """A network of `keras.applications`, for 1000 classes unless told otherwise."""
    make = getattr(keras.applications, name)
    return lambda: make(input_shape=(side, side, 3), weights=None, **options)


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


def yolo2() -> keras.Model:
    """Redmon and Farhadi's region layer (arXiv 1612.08242) on a small trunk: one map."""
    picture, maps = _trunk()
    return keras.Model(picture, kl.Conv2D(BOXES * (5 + CLASSES), 1)(maps[-1]))


def yolo3() -> keras.Model:
    """Two scales (arXiv 1804.02767), the coarse one enlarged as Keras 3 does it, and joined."""
    picture, (_, middle, coarse) = _trunk()
    channels = ANCHORS * (5 + CLASSES)
    larger = kl.UpSampling2D(2)(_leaky(coarse, 32, 1))
    joined = _leaky(kl.Concatenate()([larger, middle]), 32, 3)
    return keras.Model(picture, [kl.Conv2D(channels, 1)(coarse), kl.Conv2D(channels, 1)(joined)])


def ssd() -> keras.Model:
    """Boxes and classes of three scales as two rows of anchors (arXiv 1512.02325)."""
    picture, scales = _trunk()
    rows: tuple[list[Any], list[Any]] = ([], [])
    for tensor in scales:
        for row, width in zip(rows, (4, CLASSES + 1), strict=True):
            head = kl.Conv2D(ANCHORS * width, 3, padding="same")(tensor)
            row.append(kl.Reshape((-1, width))(head))
    boxes, classes = (kl.Concatenate(axis=1)(row) for row in rows)
    return keras.Model(picture, [boxes, kl.Softmax()(classes)])


def centernet() -> keras.Model:
    """Centres, sizes and offsets (arXiv 1904.07850), on a map enlarged by interpolation."""
    picture, (_, middle, coarse) = _trunk()
    larger = kl.UpSampling2D(2, interpolation="bilinear")(_leaky(coarse, 64, 1))
    tensor = _leaky(kl.Add()([larger, _leaky(middle, 64, 1)]), 64, 3)
    centres = kl.Conv2D(CLASSES, 1, activation="sigmoid")(tensor)
    return keras.Model(picture, [centres, kl.Conv2D(2, 1)(tensor), kl.Conv2D(2, 1)(tensor)])


def retinanet() -> keras.Model:
    """A pyramid of added maps, and one head for all of its scales (arXiv 1708.02002)."""
    picture, scales = _trunk()
    inner = kl.Conv2D(32, 3, padding="same", activation="relu")
    classify = kl.Conv2D(ANCHORS * CLASSES, 3, padding="same", activation="sigmoid")
    tensor, found = None, []
    for scale in scales[::-1]:
        side = kl.Conv2D(32, 1)(scale)
        if tensor is not None:
            side = kl.Add()([side, kl.UpSampling2D(2, interpolation="bilinear")(tensor)])
        tensor = side
        found.append(kl.Reshape((-1, CLASSES))(classify(inner(tensor))))
    return keras.Model(picture, kl.Concatenate(axis=1)(found))


def _trunk() -> tuple[Any, list[Any]]:
    """A picture and its maps at an eighth, a sixteenth and a thirty-second of its sides."""
    picture = tensor = keras.Input((224, 224, 3))
    scales = []
    for channels in (8, 16, 32, 64, 64):
        tensor = kl.MaxPooling2D()(_leaky(tensor, channels, 3))
        scales.append(tensor)
    return picture, scales[2:]


def _leaky(tensor: Any, channels: int, kernel: int) -> Any:
    tensor = kl.Conv2D(channels, kernel, padding="same", use_bias=False)(tensor)
    return kl.LeakyReLU(0.1)(kl.BatchNormalization()(tensor))


def _normalised(tensor: Any, channels: int, kernel: int, stride: int = 1) -> Any:
    tensor = kl.Conv2D(channels, kernel, stride, padding="same", use_bias=False)(tensor)
    return kl.ReLU()(kl.BatchNormalization()(tensor))


MODELS: dict[str, Callable[[], keras.Model]] = {
    "mobilenet-0.25-128": application("MobileNet", side=128, alpha=0.25, classes=10),
    "mobilenetv2-0.35-96": application("MobileNetV2", side=96, alpha=0.35, classes=10),
    "residual": residual_classifier,
    "MobileNet": application("MobileNet"),
    "MobileNetV2": application("MobileNetV2"),
    "MobileNetV3Small": application("MobileNetV3Small"),
    "EfficientNetB0": application("EfficientNetB0"),
    "DenseNet121": application("DenseNet121"),
    "NASNetMobile": application("NASNetMobile"),
    "ResNet50V2": application("ResNet50V2"),
    "yolo2-head": yolo2,
    "yolo3-heads": yolo3,
    "ssd-heads": ssd,
    "centernet-heads": centernet,
    "retinanet-heads": retinanet,
}
"""By name: two small classifiers, one by hand, `keras.applications` as they come, detectors."""
