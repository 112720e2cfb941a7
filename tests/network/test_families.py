"""Every letter is a network that can be built, frozen and started; a new one is one entry."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dse.canvas import Canvas, InputSize
from dse.errors import UsageError
from dse.network.detector import detector_graph, frozen_layers
from dse.network.families import BREAKPOINTS
from dse.space import Candidate, SearchSpace, Training

TRAININGS = [
    Training(one.letter, frozen_until, width, 224)
    for one in BREAKPOINTS.values()
    for frozen_until in one.lambdas
    for width in one.family.widths
]


@pytest.mark.parametrize("training", TRAININGS, ids=lambda one: one.id)
def test_each_can_be_named_and_built(training: Training) -> None:
    assert Training.parse(training.id) == training
    graph = detector_graph(training)
    frozen = frozen_layers(graph, training)
    assert 0 < len(frozen) < len(graph.layers)


def test_more_lambda_freezes_more() -> None:
    for one in BREAKPOINTS.values():
        trainings = [Training(one.letter, count, 1.0, 224) for count in sorted(one.lambdas)]
        sizes = [len(frozen_layers(detector_graph(each), each)) for each in trainings]
        assert sizes == sorted(set(sizes)), one.letter


SIZES: tuple[InputSize, ...] = (
    *range(32, 1025, 8), "320x240", "320x256", "256x320", "224x160", "240x320"
)  # fmt: skip


@pytest.mark.parametrize("input_size", SIZES)
def test_c_exists_where_its_maps_join(input_size: InputSize) -> None:
    a, b = (detector_graph(Training(at, 63, 0.35, input_size))["head"].shape for at in "AB")
    joins = a[:2] == (2 * b[0], 2 * b[1])
    assert bool(BREAKPOINTS["C"].misfit(Canvas.of(input_size))) == (not joins)


def test_another_network_is_another_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="names no design"):
        Candidate.parse("T2-a0.7-96-kpu8")
    plain = BREAKPOINTS["P"]
    family = replace(plain.family, name="tiny", widths=(0.7,))
    tiny = replace(plain, letter="T", family=family, first_trained={2: "conv_2"}, shipped=None)
    monkeypatch.setitem(BREAKPOINTS, "T", tiny)
    axes = {"breakpoint": ["T"], "frozen_until": [2], "width": [0.7], "input_size": [96]}
    space = SearchSpace.of("tiny", {**axes, "format": ["kpu8"]})
    (candidate,) = space
    assert candidate == Candidate.parse("T2-a0.7-96-kpu8")
    graph = detector_graph(candidate.training)
    assert frozen_layers(graph, candidate.training) == {"input", "conv_1"}
