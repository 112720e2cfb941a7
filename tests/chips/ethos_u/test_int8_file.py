from __future__ import annotations

import numpy as np
import pytest

from dse.chips.ethos_u.int8_file import int8_file
from dse.network.detector import detector_graph
from dse.space import Training

NAMES = ("P5-a0.5-96", "A98-a0.35-96", "C98-a0.35-96")


@pytest.mark.parametrize("name", NAMES)
def test_the_same_network_is_the_same_file(name: str) -> None:
    graph = detector_graph(Training.parse(name))
    assert int8_file(graph) == int8_file(detector_graph(Training.parse(name)))
    assert len(int8_file(graph)) > graph.macs_of(graph.input) + graph.parameters // 2


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_tensorflow_lite_takes_the_file_and_runs_it(name: str) -> None:
    import tensorflow as tf

    graph = detector_graph(Training.parse(name))
    interpreter = tf.lite.Interpreter(model_content=int8_file(graph))
    interpreter.allocate_tensors()
    (read,), (written,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert read["dtype"] == written["dtype"] == np.int8
    assert tuple(read["shape"]) == (1, *graph.input.shape)
    assert tuple(written["shape"]) == (1, *graph["head"].shape)
    picture = np.random.default_rng(0).integers(-128, 128, read["shape"]).astype(np.int8)
    interpreter.set_tensor(read["index"], picture)
    interpreter.invoke()
    map_ = interpreter.get_tensor(written["index"])
    assert len(np.unique(map_)) > 20  # neither dead nor all at one end
