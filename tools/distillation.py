"""Losses of a training with a teacher: a finished detector that says how sure it is, box by box.

Behind a box's numbers in `dse.training.loss`, truth has the teacher's score logits.
"""

from __future__ import annotations

from typing import Any

from dse.detection.head import FACE_HEAD, Head
from dse.network.keras_startup import keras
from dse.training.loss import focal_loss, split_cells

__all__ = ["distilled_loss"]

ops = keras.ops

DISTILLATION = 0.1
"""Share of the teacher's word beside the labels'."""

TEACHER_FLOOR = 0.02
"""Weight of a box in which the teacher sees no face: there are thousands of them."""


def distilled_loss(truth: Any, maps: Any, head: Head = FACE_HEAD) -> Any:
    """Focal loss, and squared distances to the teacher's score logits, where it sees a face
    most of all: labels alone leave a network that starts from nothing at "no face"."""
    label, _, score, _ = split_cells(truth, maps, head)
    teacher = truth[..., head.numbers_per_box :]
    weight = TEACHER_FLOOR + ops.sigmoid(teacher)
    distance = ops.sum(weight * (score - teacher) ** 2)
    faces = ops.maximum(ops.sum(ops.max(ops.cast(label > 0.5, "float32"), axis=-1)), 1.0)
    return focal_loss(truth, maps, head) + DISTILLATION * distance / faces
