from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dse import processes
from dse.chips.accuracy import agreement
from dse.chips.k210 import Deployment, PictureProcesses, kmodel_predictor
from dse.errors import VerificationFailed
from dse.network.arrays import Weights
from dse.network.graph import Graph
from dse.network.keras_inference import predictor
from tests.chips.k210.networks_and_pictures import random_canvases

pytestmark = [pytest.mark.compiler, pytest.mark.slow]


@pytest.fixture(scope="module")
def canvases() -> NDArray[np.uint8]:
    return random_canvases(5, 64, seed=3)


@pytest.fixture(scope="module")
def running(deployment: Deployment) -> Iterator[PictureProcesses]:
    with deployment.predictor(workers=1) as predict:
        yield predict


def test_chip_computes_what_the_network_means(
    running: PictureProcesses, graph: Graph, weights: Weights, canvases: NDArray[np.uint8]
) -> None:
    found, expected = running(canvases), predictor(graph, weights)(canvases)
    assert found.shape == expected.shape == (5, 4, 4, 125)
    assert found.dtype == np.float32
    assert agreement(running, predictor(graph, weights), canvases) > 0.98
    for number in range(5):  # each number keeps its place: score, tx, ty, tw, th
        pair = found[..., number::5].ravel(), expected[..., number::5].ravel()
        assert np.corrcoef(*pair)[0, 1] > 0.95


def test_workers_share_pictures_and_keep_their_order(
    running: PictureProcesses, deployment: Deployment, canvases: NDArray[np.uint8]
) -> None:
    with deployment.predictor(workers=2) as together:
        np.testing.assert_array_equal(together(canvases), running(canvases))


def test_a_process_more_is_started_where_the_pictures_are_worth_it(
    deployment: Deployment, canvases: NDArray[np.uint8]
) -> None:
    with deployment.predictor(workers=2) as predict:
        predict._runner = predict._runner._replace(pictures_a_process=4)
        predict(canvases[:4])
        assert len(predict._workers) == 1
        predict(canvases)
        assert len(predict._workers) == 2


def test_box_scale_is_undone(
    kmodel: bytes, deployment: Deployment, canvases: NDArray[np.uint8], running: PictureProcesses
) -> None:
    assert deployment.box_scale > 1
    with kmodel_predictor(kmodel, 1) as raw:
        stored = raw(canvases[:1]).reshape(-1, 5)
    found = running(canvases[:1]).reshape(-1, 5)
    np.testing.assert_array_equal(stored[:, 0], found[:, 0])
    np.testing.assert_array_equal(stored[:, 1:], found[:, 1:] * deployment.box_scale)


def test_no_pictures_no_maps(running: PictureProcesses) -> None:
    assert running(np.zeros((0, 64, 64, 3), np.uint8)).shape == (0, 4, 4, 125)


@pytest.mark.parametrize("shape", [(1, 32, 32, 3), (1, 3, 64, 64), (64, 64, 3)])
def test_other_pictures_are_refused(running: PictureProcesses, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="canvases"):
        running(np.zeros(shape, np.uint8))


def test_closing_leaves_nothing_behind(
    deployment: Deployment, canvases: NDArray[np.uint8], no_leftovers: Path
) -> None:
    predict = deployment.predictor(workers=1)
    predict(canvases[:1])
    worker = predict._workers[0]._process
    assert worker.running
    predict.close()
    predict.close()
    assert not worker.running
    assert not list(no_leftovers.iterdir())


def test_a_predictor_works_again_after_a_close(
    deployment: Deployment, canvases: NDArray[np.uint8], running: PictureProcesses
) -> None:
    predict = deployment.predictor(workers=1)
    first = predict(canvases[:1])
    predict.close()
    np.testing.assert_array_equal(predict(canvases[:1]), first)
    predict.close()


def test_damaged_files_are_refused_or_run(kmodel: bytes, canvases: NDArray[np.uint8]) -> None:
    """Flipped bytes in code and constants: whatever the simulator does, this process lives."""
    rng = random.Random(1)
    outcomes = set()
    for _ in range(6):
        content = bytearray(kmodel)
        for _ in range(20):
            content[rng.randrange(256, 6000)] = rng.randrange(256)
        try:
            with kmodel_predictor(bytes(content), 1, time_limit_s=20) as predict:
                assert predict(canvases[:1]).shape == (1, 4, 4, 125)
                outcomes.add("ran")
        except VerificationFailed as error:
            assert error.hint
            outcomes.add("refused")
    assert "refused" in outcomes


def test_a_hanging_simulator_is_stopped(
    kmodel: bytes, canvases: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = "import time; time.sleep(600)"
    monkeypatch.setattr(
        processes, "module_command", lambda *_: ["/usr/bin/env", "python3", "-c", script]
    )
    monkeypatch.setattr("dse.chips.k210.compiler.picture_processes.START_LIMIT_S", 0.2)
    with (
        kmodel_predictor(kmodel, 1) as predict,
        pytest.raises(VerificationFailed, match="too long"),
    ):
        predict(canvases[:1])


def test_one_slow_picture_stops_all_workers(deployment: Deployment) -> None:
    predict = kmodel_predictor(deployment.compiled.kmodel, 2, time_limit_s=1e-6)
    with pytest.raises(VerificationFailed, match="too long"):
        predict(random_canvases(4, 64))
    assert not predict._workers


def test_the_simulators_death_is_told(
    kmodel: bytes, canvases: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = "import os; os.kill(os.getpid(), 11)"
    monkeypatch.setattr(
        processes, "module_command", lambda *_: ["/usr/bin/env", "python3", "-c", script]
    )
    with kmodel_predictor(kmodel, 1) as predict, pytest.raises(VerificationFailed, match="SIGSEGV"):
        predict(canvases[:1])


def test_older_versions_name_their_runtime() -> None:
    header = struct.pack("<9I", 4, 0, 1, 0, 0, 0, 0, 0, 0)
    with pytest.raises(VerificationFailed, match=r"version 4 for nncase 0\.2"):
        kmodel_predictor(b"LDMK" + header)


def test_what_is_no_kmodel_is_refused_at_once() -> None:
    with pytest.raises(VerificationFailed, match="not a kmodel"):
        kmodel_predictor(b"GIF89a")
