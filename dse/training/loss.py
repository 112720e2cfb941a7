"""What a training minimises, over maps of scores and box offsets.

Truth is one array of shape (n, h, w, boxes, numbers), in the head's order: labels (1 an object, 0
none, -1 ignored) in the place of scores, and offsets. Predictions are the raw map,
(n, h, w, channels). Losses are sums over a picture, averaged over the batch. Written in
`keras.ops`, for any backend.

weights, wherever they are asked for: (classes,), what an object of each class counts, 1 on
average (`class_weights`); None: all alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.detection.head import FACE_HEAD, Head
from dse.detection.region_head import RegionHead
from dse.network.keras_startup import keras

__all__ = [
    "LOSSES",
    "class_weights",
    "focal_loss",
    "loss_of",
    "paper_loss",
    "region_loss",
    "split_cells",
]

ops = keras.ops

FOCAL_ALPHA = 0.25
FOCAL_GAMMA = 2.0
"""Lin et al., arXiv 1708.02002, section 4.1."""

OFFSET_SCALE = (10.0, 10.0, 5.0, 5.0)
"""Offsets are a tenth of a box; scaled to about one (Liu et al., arXiv 1512.02325, variances)."""

REGION_SCALE = (5.0, 5.0, 5.0, 5.0)
"""Of the errors of a region head: cells, and logarithms."""

CLASS_SHARE = 1.0
"""Of the classes' cross-entropy beside the loss of scores."""

N_CLASS = 256.0
N_REGRESSION = 4.0
"""Narduzzi et al., section III-D."""


def focal_loss(truth: Any, maps: Any, head: Head = FACE_HEAD, weights: Any = None) -> Any:
    """Focal loss on scores and Huber loss on the offsets of objects, over the objects' number.

    Of several classes also the cross-entropy between them at the objects: the focal loss alone
    mostly learns where something is, and tells the classes apart hundreds of steps later.
    """
    label, offsets, score, found = split_cells(truth, maps, head)
    is_class, counted = _flags(label)
    focal = counted * _focal(is_class, score) * _weights_of(is_class, weights)
    huber = _huber((offsets - found) * ops.convert_to_tensor(OFFSET_SCALE))
    is_object = _any_class(is_class)
    boxes = ops.sum(huber * is_object)
    classes = _told_apart(is_class, score, weights) if len(head.classes) > 1 else 0.0
    total = ops.sum(focal) + CLASS_SHARE * classes + 0.25 * boxes
    return total / _at_least_one(is_object)


def paper_loss(truth: Any, maps: Any, head: Head = FACE_HEAD, weights: Any = None) -> Any:
    """(1/256) sum of cross-entropy + (1/4) sum of squared offset errors of objects."""
    label, offsets, score, found = split_cells(truth, maps, head)
    is_class, counted = _flags(label)
    entropy = counted * _cross_entropy(is_class, score) * _weights_of(is_class, weights)
    boxes = ops.sum((offsets - found) ** 2 * _any_class(is_class)) / N_REGRESSION
    return (ops.sum(entropy) / N_CLASS + boxes) / ops.cast(ops.shape(truth)[0], "float32")


def region_loss(truth: Any, maps: Any, head: Head, weights: Any = None) -> Any:
    """Of a `RegionHead`: focal loss on objectness, cross-entropy over the classes, Huber loss on
    the place in the cell and the logarithms of the size, over the objects' number.

    (Redmon and Farhadi, arXiv 1612.08242, square every error; with some hundred objects in ten
    thousand boxes that takes a hundred epochs.)
    """
    label, offsets, score, found = split_cells(truth, maps, head)
    is_object, counted = _flags(label[..., :1])
    focal = counted * _focal(is_object, score[..., :1])
    classes = _told_apart(label[..., 1:], score[..., 1:], weights)
    place = ops.sigmoid(offsets[..., :2]) - ops.sigmoid(found[..., :2])
    error = ops.concatenate((place, offsets[..., 2:] - found[..., 2:]), axis=-1)
    boxes = ops.sum(_huber(error * ops.convert_to_tensor(REGION_SCALE)) * is_object)
    return (ops.sum(focal) + CLASS_SHARE * classes + 0.25 * boxes) / _at_least_one(is_object)


LOSSES: dict[str, Callable[..., Any]] = {"focal": focal_loss, "paper": paper_loss}


def loss_of(name: str, head: Head, weights: Any = None) -> Callable[[Any, Any], Any]:
    """The loss `name` of a recipe for maps of `head`; a region head has one of its own."""
    chosen = region_loss if isinstance(head, RegionHead) else LOSSES[name]
    return partial(chosen, head=head, weights=weights)


def class_weights(counts: Sequence[int], beta: float) -> NDArray[np.float32] | None:
    """What an object of each class counts; None where all count the same.

    counts: objects of each class. The weight is (1 - beta) / (1 - beta^n), one over the effective
    number of n objects (Cui et al., arXiv 1901.05555, equation 4); 0 treats all alike. An object
    counts 1 on average, lest all of them together weigh less than the background.
    """
    number = np.asarray(counts, np.float64)
    if len(counts) < 2 or not beta or not number.any():
        return None
    raw = (1 - beta) / (1 - beta ** np.maximum(number, 1))
    return np.asarray(raw * number.sum() / (raw * number).sum(), np.float32)


def split_cells(truth: Any, maps: Any, head: Head) -> tuple[Any, Any, Any, Any]:
    """Labels and true offsets, scores and offsets found: (n, h, w, boxes, classes or 4) each."""
    found = head.split(ops.cast(maps, "float32"), ops)
    return (*head.numbers(truth), *found)


def _flags(label: Any) -> tuple[Any, Any]:
    """1 where a label says that it is so, and 1 where it says anything, else 0."""
    return ops.cast(label > 0.5, "float32"), ops.cast(label > -0.5, "float32")


def _focal(is_class: Any, score: Any) -> Any:
    """Cross-entropy that leaves the easy ones alone."""
    probability = ops.sigmoid(score)
    hit = is_class * probability + (1 - is_class) * (1 - probability)
    balance = is_class * FOCAL_ALPHA + (1 - is_class) * (1 - FOCAL_ALPHA)
    return balance * (1 - hit) ** FOCAL_GAMMA * _cross_entropy(is_class, score)


def _huber(error: Any) -> Any:
    error = ops.abs(error)
    return ops.where(error < 1.0, 0.5 * error**2, error - 0.5)


def _told_apart(is_class: Any, score: Any, weights: Any) -> Any:
    """Sum of the cross-entropy between the classes (.., classes), of boxes that hold one."""
    of_class = ops.log_softmax(score, axis=-1) * is_class
    return -ops.sum(of_class * _weights_of(is_class, weights))


def _weights_of(is_class: Any, weights: Any) -> Any:
    """What each (.., classes) counts: its class's weight where it is so, else 1."""
    if weights is None:
        return 1.0
    return 1.0 + is_class * (ops.convert_to_tensor(weights) - 1.0)


def _any_class(is_class: Any) -> Any:
    """(.., boxes, 1): 1 for a box that holds an object of one of the classes (.., boxes, c)."""
    return ops.max(is_class, axis=-1, keepdims=True)


def _at_least_one(is_face: Any) -> Any:
    """How many objects there are, or 1."""
    return ops.maximum(ops.sum(is_face), 1.0)


def _cross_entropy(is_class: Any, score: Any) -> Any:
    """Binary cross-entropy from logits, in the form that does not overflow."""
    return ops.relu(score) - score * is_class + ops.log1p(ops.exp(-ops.abs(score)))
