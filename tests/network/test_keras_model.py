"""Keras counts what the layer graph counts; parts of a network join to the whole."""

from __future__ import annotations

import numpy as np
import pytest

from dse.errors import WeightsError
from dse.network import keras_model
from dse.network.detector import detector_graph, frozen_layers
from dse.network.keras_model import (
    FLOAT32,
    HALF,
    boundary,
    build,
    get_weights,
    set_weights,
    training_precision,
)
from dse.space import SearchSpace, Training

pytestmark = pytest.mark.slow

SPACE = SearchSpace.load("mobilenetv2_face")
NETWORKS = sorted({(t.breakpoint, t.width) for t in SPACE.trainings()})


@pytest.mark.parametrize(("breakpoint", "width"), NETWORKS)
def test_keras_counts_the_same_parameters(breakpoint: str, width: float) -> None:
    # neither lambda nor the input size changes the count: the graph's own test shows it
    graph = detector_graph(Training(breakpoint, 63, width, 96))
    assert build(graph).count_params() == graph.parameters


def test_parameters_depend_on_breakpoint_and_width_alone() -> None:
    for breakpoint, width in NETWORKS:
        same = [t for t in SPACE.trainings() if (t.breakpoint, t.width) == (breakpoint, width)]
        assert len({detector_graph(t).parameters for t in same}) == 1


@pytest.mark.parametrize("name", ["A63-a0.35-96", "B133-a0.35-96", "C133-a0.35-96"])
def test_frozen_part_and_trained_part_make_the_network(name: str) -> None:
    training = Training.parse(name)
    graph = detector_graph(training)
    whole = build(graph)
    edge = boundary(graph, frozen_layers(graph, training))
    first, second = build(graph, targets=edge), build(graph, sources=edge)
    for part in (first, second):
        set_weights(part, get_weights(whole))
    pictures = np.random.default_rng(0).uniform(-1, 1, (2, 96, 96, 3)).astype(np.float32)
    joined = second.predict_on_batch(first.predict_on_batch(pictures))
    np.testing.assert_allclose(joined, whole.predict_on_batch(pictures), atol=1e-4)


def test_map_has_the_shape_of_the_graph() -> None:
    graph = detector_graph(Training("C", 63, 0.35, 128))
    assert build(graph).output.shape == (None, *graph["head"].shape)


def test_frozen_layers_do_not_train() -> None:
    training = Training("A", 98, 0.35, 96)
    graph = detector_graph(training)
    frozen = frozen_layers(graph, training)
    model = build(graph, frozen=frozen)
    trained = {v.path.split("/")[0] for v in model.trainable_variables}
    assert "block_11_expand" in trained
    assert "block_10_project_BN" not in trained
    assert not trained & frozen


def test_foreign_weights_are_refused() -> None:
    graph = detector_graph(Training("A", 98, 0.35, 96))
    model = build(graph)
    weights = get_weights(model)
    with pytest.raises(WeightsError, match="missing"):
        set_weights(model, {k: v for k, v in weights.items() if k != "head/bias"})
    wider = get_weights(build(detector_graph(Training("A", 98, 0.5, 96))))
    with pytest.raises(WeightsError, match="shape"):
        set_weights(model, wider)


def test_half_precision_computes_nearly_the_same_and_keeps_weights_and_map_whole() -> None:
    graph = detector_graph(Training("P", 5, 0.5, 64))
    exact, rounded = build(graph), build(graph, precision=HALF)
    weights = {name: value * 3 for name, value in get_weights(exact).items()}
    for model in (exact, rounded):
        set_weights(model, weights)
    assert {v.dtype for v in rounded.trainable_variables} == {FLOAT32}
    pictures = np.random.default_rng(0).uniform(-1, 1, (2, 64, 64, 3)).astype(np.float32)
    maps = [model.predict_on_batch(pictures) for model in (exact, rounded)]
    assert maps[1].dtype == np.float32
    error = np.abs(maps[0] - maps[1]).max() / np.abs(maps[0]).max()
    assert 0 < error < 0.05


def test_who_trains_in_half_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, normalised = (detector_graph(Training.parse(n)) for n in ("P5-a1-96", "A98-a0.5-96"))
    for able, wanted in ((True, HALF), (False, FLOAT32)):
        monkeypatch.setattr(keras_model, "multiplies_bfloat16", lambda able=able: able)
        assert training_precision(plain) == wanted
        assert training_precision(normalised) == FLOAT32
