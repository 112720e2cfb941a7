from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from dse.errors import CompilerError
from dse.export import Deployment
from dse.export.refereed import refereed
from dse.network.keras_inference import Predict


def test_the_emulator_predicts_what_the_simulator_does(
    deployment: Deployment, calibration: NDArray[np.uint8]
) -> None:
    with deployment.predictor(workers=1) as simulate:
        wanted = simulate(calibration)
    with refereed(deployment, calibration) as (predict, note):
        np.testing.assert_array_equal(predict(calibration), wanted)
    assert note == ""


def test_a_wrong_emulator_is_overruled(
    deployment: Deployment, calibration: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    right = deployment.emulator

    def wrong(self: Deployment, workers: int | None = None) -> Predict:
        return lambda canvases: right(workers)(canvases) + np.float32(1e-3)

    monkeypatch.setattr(Deployment, "emulator", wrong)
    with refereed(deployment, calibration) as (predict, note):
        np.testing.assert_array_equal(predict(calibration), right(1)(calibration))
    assert "differ" in note


def test_an_unknown_operation_is_simulated(
    deployment: Deployment, calibration: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(self: Deployment, workers: int | None = None) -> Predict:
        raise CompilerError("the emulator does not know 'gru'")

    monkeypatch.setattr(Deployment, "emulator", unknown)
    with refereed(replace(deployment), calibration) as (predict, note):
        assert predict(calibration[:1]).shape[0] == 1
    assert "gru" in note
