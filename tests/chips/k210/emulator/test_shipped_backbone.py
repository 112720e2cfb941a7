"""Real weights: the emulator and the simulator on a detector with the shipped backbone."""

from __future__ import annotations

import numpy as np
import pytest

from dse.chips.k210 import deploy
from dse.data.letterbox import letterbox
from dse.data.synthetic import synthetic
from dse.network.detector import detector_graph
from dse.network.keras_starting_weights import load_starting_weights
from dse.space import Training

pytestmark = [pytest.mark.compiler, pytest.mark.slow]

TRAINING = Training("A", 63, 0.5, 224)


def test_equal_to_the_bit_on_scenes() -> None:
    graph = detector_graph(TRAINING)
    weights = dict(load_starting_weights("shipped", TRAINING.width).weights)
    head, rng = graph["head"], np.random.default_rng(0)
    inputs, outputs = graph.input_shapes(head)[0][2], head.shape[2]
    weights["head/kernel"] = rng.normal(0, 0.05, (1, 1, inputs, outputs)).astype(np.float32)
    weights["head/bias"] = np.zeros(outputs, np.float32)
    pictures = synthetic("eval", 2).pictures
    canvases = np.stack([letterbox(picture.load(), 224)[0] for picture in pictures])
    deployment = deploy(graph, weights, canvases)
    with deployment.predictor(workers=2) as simulate:
        wanted = simulate(canvases)
    assert wanted.std() > 0
    with deployment.running(workers=1) as emulate:
        np.testing.assert_array_equal(emulate(canvases), wanted)
    assert emulate.note == ""
