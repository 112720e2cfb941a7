"""Anchors that are like the boxes they are made from, and the same for the same boxes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dse.detection.clustering import cluster_anchors
from dse.errors import DataError

side = st.floats(0, 400, width=32)


def test_groups_of_boxes_are_found() -> None:
    rng = np.random.default_rng(0)
    centres = np.array([[12, 30], [80, 75], [260, 120]])
    sizes = np.concatenate([centre * rng.uniform(0.9, 1.1, (40, 2)) for centre in centres])
    anchors = cluster_anchors(rng.permutation(sizes), 3)
    np.testing.assert_allclose(anchors, centres, rtol=0.05)


@given(st.lists(st.tuples(side, side), min_size=1, max_size=40), st.sampled_from([3, 5, 9]))
@settings(max_examples=60, deadline=None)
def test_so_many_anchors_with_area_whatever_the_boxes(
    sizes: list[tuple[float, float]], count: int
) -> None:
    anchors = cluster_anchors(np.array(sizes), count)
    assert len(anchors) == count and all(w > 0 and h > 0 for w, h in anchors)
    assert anchors == cluster_anchors(np.array(sizes), count)
    areas = [w * h for w, h in anchors]
    assert areas == sorted(areas)


def test_two_kinds_of_boxes_make_nine_different_anchors() -> None:
    anchors = cluster_anchors(np.array([[10, 20], [200, 100]] * 6), 9)
    assert len(set(anchors)) == 9 and {(10, 20), (200, 100)} <= set(anchors)


def test_no_box_makes_no_anchor() -> None:
    with pytest.raises(DataError, match="no training picture holds a box"):
        cluster_anchors(np.zeros((0, 2)), 5)
