from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from dse.chips.accuracy import agreement
from dse.chips.k210 import Deployment, deploy, emulator
from dse.chips.k210.chip import K210
from dse.chips.k210.compiler.compiler import CompiledKmodel, compile_kmodel
from dse.chips.k210.compiler.tflite_predictor import tflite_predictor
from dse.chips.k210.cost.price import price
from dse.chips.k210.target import K210Target
from dse.errors import WeightsError
from dse.network.arrays import Predict, Weights
from dse.network.graph import Graph
from dse.network.keras_inference import predictor

pytestmark = [pytest.mark.compiler, pytest.mark.slow]


def test_boxes_get_more_levels_than_unscaled(
    deployment: Deployment, graph: Graph, weights: Weights, calibration: NDArray[np.uint8]
) -> None:
    """The same weights compiled without a scale place boxes on a coarser grid."""
    plain = deploy(graph, {**weights, **_wide_boxes(weights)}, calibration)
    assert plain.box_scale == 1.0
    assert deployment.box_scale >= 4.0
    with deployment.predictor(workers=1) as scaled:
        found = scaled(calibration)[..., 1::5]
    steps = np.diff(np.unique(found))
    with plain.predictor(workers=1) as unscaled:
        coarse = np.diff(np.unique(unscaled(calibration)[..., 1::5]))
    assert steps.min() * 3 < coarse.min()


def test_both_files_write_the_same_scaled_maps(
    deployment: Deployment, graph: Graph, weights: Weights, calibration: NDArray[np.uint8]
) -> None:
    in_file = tflite_predictor(deployment.tflite, box_scale=deployment.box_scale)
    assert agreement(in_file, predictor(graph, weights), calibration) > 0.999999
    with deployment.predictor(workers=1) as on_chip:
        assert agreement(in_file, on_chip, calibration) > 0.98


@pytest.mark.parametrize("version", [3, 4])
def test_an_older_file_has_the_maps_of_version_5(
    deployment: Deployment, graph: Graph, calibration: NDArray[np.uint8], version: int
) -> None:
    """Version 4 makes numbers of levels in another order: to two units in the last place."""
    compiled = deployment.compiled
    older = replace(deployment, compiled=compiled.in_version(version), version_5=compiled.kmodel)
    with deployment.running(1) as wanted_run, older.running(1) as run:
        wanted, found = wanted_run(calibration), run(calibration)
    assert (run.note, found.shape) == ("", wanted.shape)
    assert run.how.startswith(f"the file itself, of version {version}, by dse's own emulator")
    assert wanted.std() > 0
    farthest = 2 * np.spacing(np.abs(wanted).max()) if version == 4 else 0
    assert np.abs(found - wanted).max() <= farthest
    target = K210Target.load()
    cost = price(graph, "kpu8", replace(target, kmodel_versions_written=(version,)))
    assert older.figures == cost.figures
    assert older.content == older.compiled.kmodel != compiled.kmodel


def test_a_wrong_emulator_of_an_older_file_is_noted(
    deployment: Deployment, calibration: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    right = emulator.predictor

    def wrong(kmodel: bytes, workers: int | None = None) -> Predict:
        return lambda canvases: right(kmodel, workers)(canvases) + np.float32(1e-3)

    monkeypatch.setattr(emulator, "predictor", wrong)
    compiled = deployment.compiled
    older = replace(deployment, compiled=compiled.in_version(4), version_5=compiled.kmodel)
    with older.running(1) as run:
        run(calibration)
    assert "differ" in run.note


def test_the_chip_deploys_the_version_that_a_firmware_loads(
    graph: Graph, weights: Weights, calibration: NDArray[np.uint8], deployment: Deployment
) -> None:
    found = K210().deploy(graph, weights, calibration, K210Target.load("k210-maixpy-full"))
    assert found.compiled.headers.version == 3
    assert found.content == deployment.compiled.in_version(3).kmodel
    assert found.version_5 == deployment.compiled.kmodel


def test_the_kmodel_takes_pixels_and_gives_maps(deployment: Deployment) -> None:
    headers = deployment.compiled.headers
    assert (headers.inputs[0].type, headers.inputs[0].shape) == ("uint8", (1, 3, 64, 64))
    assert (headers.outputs[0].type, headers.outputs[0].shape) == ("float32", (1, 125, 4, 4))


def test_pictures_that_the_compiler_does_not_see_change_no_byte(
    graph: Graph,
    weights: Weights,
    calibration: NDArray[np.uint8],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of equal pictures one will do, so the compiler is spared the others."""
    given: list[int] = []

    def compile_counting(tflite: bytes, pictures: NDArray[np.uint8], **how: Any) -> CompiledKmodel:
        given.append(len(pictures))
        return compile_kmodel(tflite, pictures, **how)

    monkeypatch.setattr("dse.chips.k210.compiler.deployment.compile_kmodel", compile_counting)
    pictures = np.concatenate([calibration[:1]] * 4 + [calibration])
    chosen = deploy(graph, weights, pictures)
    monkeypatch.setattr(
        "dse.chips.k210.compiler.deployment.extreme_pictures",
        lambda graph, weights, every: range(len(every)),
    )
    everything = deploy(graph, weights, pictures)
    assert given[0] <= len(calibration) and given[1] == len(pictures)
    assert chosen.compiled.kmodel == everything.compiled.kmodel


def test_weights_of_another_network_are_refused(
    graph: Graph, weights: Weights, calibration: NDArray[np.uint8]
) -> None:
    without_head = {name: value for name, value in weights.items() if "head" not in name}
    with pytest.raises(WeightsError):
        deploy(graph, without_head, calibration)


def _wide_boxes(weights: Weights) -> Weights:
    """Heads whose boxes span what scores span, so that no scale is left to give."""
    gains = np.tile([1.0, 12.0, 12.0, 12.0, 12.0], 25)
    return {n: (weights[n] * gains).astype(np.float32) for n in ("head/kernel", "head/bias")}
