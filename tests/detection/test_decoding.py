"""Maps made from known boxes decode to those boxes."""

from __future__ import annotations

import numpy as np
import pytest

from dse.detection.decoding import CANDIDATES, decode_maps
from dse.detection.geometry import corners
from dse.detection.head import FACE_HEAD, Head

SIZE, CELLS = 128, 8


def empty_map(pictures: int = 1) -> np.ndarray:
    maps = np.zeros((pictures, CELLS * CELLS * 25, 5), np.float32)
    maps[..., 0] = -20
    return maps


def shaped(maps: np.ndarray) -> np.ndarray:
    return maps.reshape(len(maps), CELLS, CELLS, 125)


def test_boxes_come_back_best_first() -> None:
    anchors = FACE_HEAD.grid(SIZE, CELLS, CELLS)
    boxes = np.array([[10, 20, 40, 60], [70, 64, 110, 120]], np.float32)
    maps = empty_map(2)
    for place, box, logit in ((333, boxes[0], 1.0), (1200, boxes[1], 3.0)):
        maps[1, place, 0] = logit
        maps[1, place, 1:] = FACE_HEAD.encode(box[None], anchors[[place]])[0]
    nothing, found = decode_maps(shaped(maps), SIZE)
    assert len(nothing) == 0 and nothing.boxes.shape == (0, 4)
    np.testing.assert_allclose(found.boxes, boxes[::-1], atol=1e-3)
    np.testing.assert_allclose(found.scores, 1 / (1 + np.exp([-3.0, -1.0])), rtol=1e-5)


def test_cell_row_column_and_channel_are_where_the_head_writes_them() -> None:
    maps = shaped(empty_map())
    maps[0, 2, 5, 7 * 5] = 2.0  # row 2, column 5, canonical box 7, score
    (found,) = decode_maps(maps, SIZE)
    centre = (found.boxes[0, :2] + found.boxes[0, 2:]) / 2
    np.testing.assert_allclose(centre, [5.5 * 16, 2.5 * 16], atol=1e-3)


def test_scores_below_the_threshold_and_boxes_beyond_the_limit_are_left_out() -> None:
    maps = empty_map()
    maps[0, :1500:50, 0] = np.linspace(-4, 4, 30)  # canonical box 0 of every other cell
    scores = decode_maps(shaped(maps), SIZE, 0.5, 1.0)[0].scores
    assert len(scores) == 15 and scores.min() >= 0.5
    assert len(decode_maps(shaped(maps), SIZE, 0.01, 1.0, max_boxes=4)[0]) == 4


def test_overlapping_boxes_are_suppressed() -> None:
    maps = empty_map()
    maps[0, 100:102, 0] = [2.0, 1.0]  # two canonical boxes of one cell: same centre
    assert len(decode_maps(shaped(maps), SIZE, iou_threshold=0.0)[0]) == 1
    assert len(decode_maps(shaped(maps), SIZE, iou_threshold=1.0)[0]) == 2


def test_boxes_stay_on_the_canvas() -> None:
    rng = np.random.default_rng(0)
    maps = rng.normal(0, 3, (2, CELLS, CELLS, 125)).astype(np.float32)
    for found in decode_maps(maps, SIZE, iou_threshold=1.0, max_boxes=1000):
        assert found.boxes.min() >= 0 and found.boxes.max() <= SIZE
        assert len(found) == CANDIDATES  # the best of 1600


def test_the_best_candidates_survive_a_crowd() -> None:
    maps = empty_map()
    maps[0, :, 0] = np.random.default_rng(1).permutation(1600) / 1600
    (found,) = decode_maps(shaped(maps), SIZE, iou_threshold=1.0, max_boxes=5)
    logits = np.log(found.scores / (1 - found.scores))
    np.testing.assert_allclose(logits, np.arange(1599, 1594, -1) / 1600, atol=1e-4)


@pytest.mark.parametrize("canvas", [64, 256])
def test_canonical_boxes_keep_their_pixels_on_other_canvases(canvas: int) -> None:
    smallest = int(np.argmin(FACE_HEAD.sizes(128).max(axis=1)))
    maps = shaped(empty_map())
    maps[0, 4, 4, smallest * 5] = 2.0
    (base,) = decode_maps(maps, 128)
    (other,) = decode_maps(maps, canvas, anchor_size=128)
    sides = [found.boxes[0, 2:] - found.boxes[0, :2] for found in (base, other)]
    np.testing.assert_allclose(sides[0], sides[1], rtol=1e-3)
    assert base.boxes[0, 0] / 128 == pytest.approx(4.5 / 8 - sides[0][0] / 256, rel=1e-3)


def test_of_equal_scores_the_first_in_the_map_counts() -> None:
    maps = empty_map()
    maps[0, :, 0] = 1.5
    (found,) = decode_maps(shaped(maps), SIZE, iou_threshold=1.0, max_boxes=1000)
    anchors = FACE_HEAD.grid(SIZE, CELLS, CELLS)[:CANDIDATES]
    np.testing.assert_allclose(found.boxes, np.clip(corners(anchors), 0, SIZE), atol=1e-4)


@pytest.mark.parametrize("number", range(5))
def test_a_box_with_a_number_that_is_none_is_no_box(number: int) -> None:
    maps = empty_map()
    maps[0, [40, 700], 0] = [3.0, 1.0]
    maps[0, 40, number] = np.nan
    (found,) = decode_maps(shaped(maps), SIZE)
    np.testing.assert_allclose(found.scores, [1 / (1 + np.exp(-1.0))], rtol=1e-6)


def test_each_class_is_looked_for_by_itself() -> None:
    head = Head(((30, 30), (60, 40)), ("cat", "dog"))
    maps = np.full((1, 4, 4, head.channels), -9, np.float32)
    scores, offsets = head.split(maps)
    offsets[:] = 0
    scores[0, 1, 2, 1] = [2.0, 3.0]  # one box holds both: neither suppresses the other
    scores[0, 3, 0, 0] = [-9.0, 1.0]
    (found,) = decode_maps(maps, 64, head=head)
    assert found.classes.tolist() == [1, 0, 1]
    logits = np.array([3.0, 2.0, 1.0])
    np.testing.assert_allclose(found.scores, 1 / (1 + np.exp(-logits)), rtol=1e-6)
    place = corners(head.grid(64, 4, 4)).reshape(4, 4, 2, 4)[1, 2, 1]
    np.testing.assert_allclose(found.boxes[:2], [place, place], atol=1e-5)


def test_the_limits_are_of_all_classes_together() -> None:
    head = Head(((4, 4),), ("cat", "dog", "owl"))
    maps = np.random.default_rng(0).normal(0, 1, (1, 20, 20, head.channels)).astype(np.float32)
    (found,) = decode_maps(maps, 160, iou_threshold=1.0, max_boxes=1000, head=head)
    assert len(found) == CANDIDATES  # the best of 1200
    best = np.sort(head.split(maps).scores.ravel())[::-1][:CANDIDATES]
    np.testing.assert_allclose(found.scores, 1 / (1 + np.exp(-best)), rtol=1e-5)
    assert len(decode_maps(maps, 160, max_boxes=7, head=head)[0]) == 7


def test_faces_are_decoded_as_one_class_of_several() -> None:
    """A second class that is nowhere changes nothing about the first."""
    maps = np.random.default_rng(2).normal(-2, 2, (2, CELLS, CELLS, 125)).astype(np.float32)
    two = Head(FACE_HEAD.anchors, ("face", "other"))
    scores, offsets = FACE_HEAD.split(maps)
    never = np.full_like(scores, -20)
    both = np.concatenate((scores, never, offsets), axis=-1).reshape(2, CELLS, CELLS, -1)
    for one, other in zip(decode_maps(maps, SIZE), decode_maps(both, SIZE, head=two), strict=True):
        np.testing.assert_array_equal(one.boxes, other.boxes)
        np.testing.assert_array_equal(one.scores, other.scores)
        assert not other.classes.any()
