from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.chips.k210.quantization.box_scale import (
    LARGEST_SCALE,
    choose_box_scale,
    scale_boxes,
    unscale_boxes,
)
from dse.detection.head import FACE_HEAD, Head
from dse.errors import WeightsError
from dse.network.arrays import Weights
from dse.network.graph import Graph
from dse.network.keras_inference import fold

pytestmark = pytest.mark.slow


def maps(score_low: float, score_high: float, box: float) -> np.ndarray:
    """One cell with 25 boxes whose numbers fill the given ranges."""
    cell = np.zeros((25, 5), np.float32)
    cell[:, 0] = np.linspace(score_low, score_high, 25)
    cell[:, 1:] = np.linspace(-box, box, 25)[:, None]
    return cell.reshape(1, 1, 1, 125)


def test_boxes_grow_until_they_would_widen_the_range() -> None:
    assert choose_box_scale(maps(-18, 3, 1.0)) == 8  # -18..8 is 1.24 times as wide
    assert choose_box_scale(maps(-18, 3, 2.0)) == 4


def test_boxes_that_fill_the_range_stay() -> None:
    assert choose_box_scale(maps(-3, 3, 3.0)) == 1


def test_tiny_boxes_do_not_grow_without_end() -> None:
    assert choose_box_scale(maps(-18, 3, 1e-6)) == LARGEST_SCALE
    assert choose_box_scale(np.zeros((1, 2, 2, 125), np.float32)) == LARGEST_SCALE


@given(st.sampled_from((1.0, 2.0, 4.0, 16.0)), st.integers(0, 99))
def test_scaling_is_undone_exactly(scale: float, seed: int) -> None:
    found = np.random.default_rng(seed).normal(0, 3, (2, 3, 3, 125)).astype(np.float32)
    gains = np.tile(np.array([1, scale, scale, scale, scale], np.float32), 25)
    np.testing.assert_array_equal(unscale_boxes(found * gains, scale), found)


def test_only_the_heads_boxes_change(graph: Graph, weights: Weights) -> None:
    before, after = fold(graph, weights), fold(graph, scale_boxes(graph, weights, 4.0))
    for name in before:
        for one, other in zip(before[name], after[name], strict=True):
            factor = np.tile([1, 4, 4, 4, 4], 25) if name == "head" else 1
            np.testing.assert_array_equal(one * factor, other)


def test_another_output_is_refused(graph: Graph, weights: Weights) -> None:
    other = Graph("other", graph.layers[:-1], ("block_13_expand",))
    with pytest.raises(WeightsError, match="block_13_expand"):
        scale_boxes(other, weights, 2.0)


def test_a_head_of_other_channels_is_refused(graph: Graph, weights: Weights) -> None:
    with pytest.raises(WeightsError, match="'head'") as refused:
        scale_boxes(graph, weights, 2.0, Head(FACE_HEAD.anchors, ("cat", "dog")))
    assert "150 channels" in refused.value.hint


def test_scores_of_every_class_keep_their_scale() -> None:
    head = Head(((10, 10), (20, 20)), ("cat", "dog", "cow"))
    scores, offsets = head.split(unscale_boxes(np.ones((1, 2, 2, 14), np.float32), 4.0, head))
    assert (scores == 1).all() and (offsets == 0.25).all()
    maps = head.per_channel(score=-18.0, offset=2.0).reshape(1, 1, 1, -1)
    assert choose_box_scale(maps, head) == 2  # -18..4 is 1.1 times as wide, -18..8 is 1.3 times
