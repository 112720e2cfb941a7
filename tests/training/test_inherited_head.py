"""What a face head has learnt goes on in another head."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dse.detection.head import FACE_HEAD, Head
from dse.detection.region_head import RegionHead
from dse.network.arrays import Weights
from dse.training.inherited_head import with_head

SIZE, MAP, FEATURES = 256, (16, 16), 8


def face_weights(seed: int, spread: float) -> Weights:
    rng = np.random.default_rng(seed)
    kernel = rng.normal(0, spread, (1, 1, FEATURES, FACE_HEAD.channels)).astype(np.float32)
    bias = rng.normal(0, spread, FACE_HEAD.channels).astype(np.float32)
    return {"head/kernel": kernel, "head/bias": bias, "conv_1/bias": bias[:3]}


def boxes_and_scores(head: Head, weights: Weights, features: np.ndarray) -> tuple[np.ndarray, ...]:
    """Of the first cell's boxes."""
    maps = features @ weights["head/kernel"][0, 0] + weights["head/bias"]
    rows = head.rows(maps.astype(np.float32).reshape(1, 1, 1, -1))[0]
    grid = head.grid(SIZE, *MAP)[: len(rows)]
    return head.decode(head.numbers(rows).offsets, grid), head.logits(rows)[:, 0]


@given(st.integers(0, 99), st.permutations(range(25)).map(lambda order: order[:5]))
def test_boxes_of_the_same_shape_say_the_same(seed: int, chosen: list[int]) -> None:
    few = Head(tuple(FACE_HEAD.anchors[place] for place in chosen))
    weights = face_weights(seed, 0.3)
    features = np.random.default_rng(seed).normal(0, 1, FEATURES)
    boxes, scores = boxes_and_scores(FACE_HEAD, weights, features)
    inherited = with_head(weights, FACE_HEAD, few, SIZE, MAP)
    assert inherited["conv_1/bias"] is weights["conv_1/bias"]
    found = boxes_and_scores(few, inherited, features)
    np.testing.assert_allclose(found[0], boxes[chosen], rtol=1e-3, atol=1e-2)
    np.testing.assert_allclose(found[1], scores[chosen], rtol=1e-4, atol=1e-4)


@given(st.integers(0, 99), st.floats(0.8, 1.25), st.floats(0.8, 1.25), st.booleans())
def test_other_boxes_and_codings_find_the_same_near_a_cell_s_middle(
    seed: int, wider: float, higher: float, is_region: bool
) -> None:
    base = [FACE_HEAD.anchors[place] for place in (3, 10, 20)]
    kind = RegionHead if is_region else Head
    head = kind(tuple((w * wider, h * higher) for w, h in base))
    weights = face_weights(seed, 0.005)
    features = np.random.default_rng(seed).normal(0, 1, FEATURES)
    boxes, scores = boxes_and_scores(FACE_HEAD, weights, features)
    found = boxes_and_scores(head, with_head(weights, FACE_HEAD, head, SIZE, MAP), features)
    for box, score in zip(*found, strict=True):
        same = np.flatnonzero(np.isclose(scores, score, rtol=1e-4, atol=1e-5))
        centre = abs(boxes[same] - box).max(axis=1).min() / (box[2:] - box[:2]).max()
        assert centre < 0.05
