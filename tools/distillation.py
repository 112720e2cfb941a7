"""Losses of a training with a teacher: a finished detector that says how sure it is, box by box.

Truth has a sixth number behind the five of `dse.training.loss`: the teacher's score logit.
"""

from __future__ import annotations

from typing import Any

from dse.network.keras_startup import keras
from dse.training.loss import focal_loss, split_cells

__all__ = ["distilled_loss"]

ops = keras.ops

DISTILLATION = 0.1
"""Share of the teacher's word beside the labels'."""

TEACHER_FLOOR = 0.02
"""Weight of a box in which the teacher sees no face: there are thousands of them."""


def distilled_loss(truth: Any, maps: Any) -> Any:
    """Focal loss, and squared distances to the teacher's score logits, where it sees a face
    most of all: labels alone leave a network that starts from nothing at "no face"."""
    label, _, score, _ = split_cells(truth, maps)
    teacher = truth[..., 5]
    weight = TEACHER_FLOOR + ops.sigmoid(teacher)
    faces = ops.maximum(ops.sum(ops.cast(label > 0.5, "float32")), 1.0)
    return focal_loss(truth, maps) + DISTILLATION * ops.sum(weight * (score - teacher) ** 2) / faces
