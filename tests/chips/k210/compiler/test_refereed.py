"""Emulator or simulator: the maps are the simulator's, whoever computes them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from dse.chips.k210 import Deployment, emulator
from dse.chips.k210.compiler.refereed import refereed
from dse.errors import CompilerError, VerificationFailed
from dse.network.arrays import Predict

pytestmark = [pytest.mark.compiler, pytest.mark.slow]

Canvases = NDArray[np.uint8]


@pytest.fixture(scope="module")
def wanted(deployment: Deployment, calibration: Canvases) -> NDArray[np.float32]:
    with deployment.predictor(workers=1) as simulate:
        return simulate(calibration)


def test_the_emulator_predicts_what_the_simulator_does(
    deployment: Deployment, calibration: Canvases, wanted: NDArray[np.float32]
) -> None:
    with deployment.running(workers=1) as predict:
        np.testing.assert_array_equal(predict(calibration), wanted)
        assert predict(calibration[:0]).shape == (0, *predict.map_shape)
    assert predict.note == ""


def test_no_pictures_decide_nothing(
    deployment: Deployment, calibration: Canvases, wanted: NDArray[np.float32]
) -> None:
    with deployment.running(workers=1) as predict:
        assert predict(calibration[:0]).shape == (0, *predict.map_shape)
        np.testing.assert_array_equal(predict(calibration), wanted)


def test_a_wrong_emulator_is_overruled(
    deployment: Deployment,
    calibration: Canvases,
    wanted: NDArray[np.float32],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right = emulator.predictor

    def wrong(kmodel: bytes, workers: int | None = None) -> Predict:
        return lambda canvases: right(kmodel, workers)(canvases) + np.float32(1e-3)

    monkeypatch.setattr(emulator, "predictor", wrong)
    with deployment.running(workers=1) as predict:
        np.testing.assert_array_equal(predict(calibration), wanted)
    assert "differ" in predict.note


def test_an_unknown_operation_is_simulated(
    deployment: Deployment,
    calibration: Canvases,
    wanted: NDArray[np.float32],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(kmodel: bytes, workers: int | None = None) -> Predict:
        raise CompilerError("the emulator does not know 'gru'")

    monkeypatch.setattr(emulator, "predictor", unknown)
    with deployment.running(workers=1) as predict:
        np.testing.assert_array_equal(predict(calibration), wanted)
    assert "gru" in predict.note


def test_what_is_no_kmodel_is_refused() -> None:
    with pytest.raises(VerificationFailed, match="not a kmodel"), refereed(b"some text"):
        pass
