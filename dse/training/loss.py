"""What a training minimises, over maps of face scores and box offsets.

Truth is one array of shape (n, h, w, boxes, numbers), in the head's order: labels (1 a face, 0
none, -1 ignored) in the place of scores, and offsets. Predictions are the raw map,
(n, h, w, channels). Losses are sums over a picture, averaged over the batch. Written in
`keras.ops`, for any backend.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dse.detection.head import FACE_HEAD, Head
from dse.network.keras_startup import keras

__all__ = ["LOSSES", "focal_loss", "paper_loss", "split_cells"]

ops = keras.ops

FOCAL_ALPHA = 0.25
FOCAL_GAMMA = 2.0
"""Lin et al., arXiv 1708.02002, section 4.1."""

OFFSET_SCALE = (10.0, 10.0, 5.0, 5.0)
"""Offsets are a tenth of a box; scaled to about one (Liu et al., arXiv 1512.02325, variances)."""

N_CLASS = 256.0
N_REGRESSION = 4.0
"""Narduzzi et al., section III-D."""


def focal_loss(truth: Any, maps: Any, head: Head = FACE_HEAD) -> Any:
    """Focal loss on scores and Huber loss on the offsets of faces, over the faces' number."""
    label, offsets, score, found = split_cells(truth, maps, head)
    probability = ops.sigmoid(score)
    is_class, counted = _flags(label)
    hit = is_class * probability + (1 - is_class) * (1 - probability)
    balance = is_class * FOCAL_ALPHA + (1 - is_class) * (1 - FOCAL_ALPHA)
    focal = counted * balance * (1 - hit) ** FOCAL_GAMMA * _cross_entropy(is_class, score)
    error = ops.abs(offsets - found) * ops.convert_to_tensor(OFFSET_SCALE)
    huber = ops.where(error < 1.0, 0.5 * error**2, error - 0.5)
    is_face = _any_class(is_class)
    boxes = ops.sum(huber * is_face)
    return (ops.sum(focal) + 0.25 * boxes) / _at_least_one(is_face)


def paper_loss(truth: Any, maps: Any, head: Head = FACE_HEAD) -> Any:
    """(1/256) sum of cross-entropy + (1/4) sum of squared offset errors of faces."""
    label, offsets, score, found = split_cells(truth, maps, head)
    is_class, counted = _flags(label)
    scores = ops.sum(counted * _cross_entropy(is_class, score)) / N_CLASS
    boxes = ops.sum((offsets - found) ** 2 * _any_class(is_class)) / N_REGRESSION
    return (scores + boxes) / ops.cast(ops.shape(truth)[0], "float32")


LOSSES: dict[str, Callable[[Any, Any], Any]] = {"focal": focal_loss, "paper": paper_loss}


def split_cells(truth: Any, maps: Any, head: Head) -> tuple[Any, Any, Any, Any]:
    """Labels and true offsets, scores and offsets found: (n, h, w, boxes, classes or 4) each."""
    found = head.split(ops.cast(maps, "float32"), ops)
    return (*head.numbers(truth), *found)


def _flags(label: Any) -> tuple[Any, Any]:
    """1 where a label says that it is so, and 1 where it says anything, else 0."""
    return ops.cast(label > 0.5, "float32"), ops.cast(label > -0.5, "float32")


def _any_class(is_class: Any) -> Any:
    """(.., boxes, 1): 1 for a box that holds an object of one of the classes (.., boxes, c)."""
    return ops.max(is_class, axis=-1, keepdims=True)


def _at_least_one(is_face: Any) -> Any:
    """How many faces there are, or 1."""
    return ops.maximum(ops.sum(is_face), 1.0)


def _cross_entropy(is_class: Any, score: Any) -> Any:
    """Binary cross-entropy from logits, in the form that does not overflow."""
    return ops.relu(score) - score * is_class + ops.log1p(ops.exp(-ops.abs(score)))
