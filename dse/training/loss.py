"""What a training minimises, over maps of face scores and box offsets.

Truth is one array of shape (n, h, w, 25, 5): the label (1 a face, 0 none, -1 ignored) and
the four offsets. Predictions are the raw map, (n, h, w, 125). Losses are sums over a picture,
averaged over the batch. Written in `keras.ops`, for any backend.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dse.network.detector import ANCHORS
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


def focal_loss(truth: Any, maps: Any) -> Any:
    """Focal loss on scores and Huber loss on the offsets of faces, over the faces' number."""
    label, offsets, score, found = split_cells(truth, maps)
    probability = ops.sigmoid(score)
    is_face = ops.cast(label > 0.5, "float32")
    counted = ops.cast(label > -0.5, "float32")
    hit = is_face * probability + (1 - is_face) * (1 - probability)
    balance = is_face * FOCAL_ALPHA + (1 - is_face) * (1 - FOCAL_ALPHA)
    focal = counted * balance * (1 - hit) ** FOCAL_GAMMA * _cross_entropy(is_face, score)
    error = ops.abs(offsets - found) * ops.convert_to_tensor(OFFSET_SCALE)
    huber = ops.where(error < 1.0, 0.5 * error**2, error - 0.5)
    faces = ops.maximum(ops.sum(is_face), 1.0)
    boxes = ops.sum(huber * is_face[..., None])
    return (ops.sum(focal) + 0.25 * boxes) / faces


def paper_loss(truth: Any, maps: Any) -> Any:
    """(1/256) sum of cross-entropy + (1/4) sum of squared offset errors of faces."""
    label, offsets, score, found = split_cells(truth, maps)
    is_face = ops.cast(label > 0.5, "float32")
    counted = ops.cast(label > -0.5, "float32")
    scores = ops.sum(counted * _cross_entropy(is_face, score)) / N_CLASS
    boxes = ops.sum((offsets - found) ** 2 * is_face[..., None]) / N_REGRESSION
    return (scores + boxes) / ops.cast(ops.shape(truth)[0], "float32")


LOSSES: dict[str, Callable[[Any, Any], Any]] = {"focal": focal_loss, "paper": paper_loss}


def split_cells(truth: Any, maps: Any) -> tuple[Any, Any, Any, Any]:
    """Label (n, h, w, 25), true offsets (.., 4), score logit (n, h, w, 25), offsets found."""
    shape = ops.shape(maps)
    cells = ops.reshape(ops.cast(maps, "float32"), (*shape[:3], ANCHORS, 5))
    return truth[..., 0], truth[..., 1:5], cells[..., 0], cells[..., 1:]


def _cross_entropy(is_face: Any, score: Any) -> Any:
    """Binary cross-entropy from logits, in the form that does not overflow."""
    return ops.relu(score) - score * is_face + ops.log1p(ops.exp(-ops.abs(score)))
