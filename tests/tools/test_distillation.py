"""What a teacher adds to the loss."""

from __future__ import annotations

import numpy as np
import pytest

from dse.training.loss import focal_loss
from tools.distillation import distilled_loss

pytestmark = pytest.mark.slow


def test_a_pupil_pays_for_its_distance_to_the_teacher() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(2, 3, 3, 25, 5)).astype(np.float32)
    truth[..., 0] = rng.choice([-1, 0, 1], size=truth.shape[:-1], p=[0.1, 0.8, 0.1])
    maps = rng.normal(size=(2, 3, 3, 125)).astype(np.float32)
    score = maps.reshape(truth.shape)[..., :1]
    agreed = distilled_loss(np.concatenate([truth, score], axis=-1), maps)
    assert float(agreed) == pytest.approx(float(focal_loss(truth, maps)), rel=1e-5)
    sure, unsure = (
        float(distilled_loss(np.concatenate([truth, score + step], axis=-1), maps) - agreed)
        for step in (4.0, -4.0)
    )
    assert sure > unsure > 0  # the teacher's faces weigh more than its background
