"""Pictures become canvases; unreadable ones are named."""

from __future__ import annotations

import numpy as np

from dse.data.pictures import DataSet
from dse.evaluation import prepare
from dse.evaluation.evaluate import chunks


def test_canvases_scales_and_truth_belong_together(pictures: DataSet) -> None:
    prepared = prepare(pictures, 64)
    assert prepared.canvases.shape == (5, 64, 64, 3) and prepared.canvases.dtype == np.uint8
    assert len(prepared) == 5 and prepared.faces == pictures.faces == 10
    np.testing.assert_allclose(prepared.scales, [64 / s for s in (160, 160, 128, 200, 300)])
    assert prepared.heights.tolist() == [100, 160, 128, 90, 300]
    assert prepared.truth_square is not None and len(prepared.truth_square) == 5
    for canvas, scale, boxes in zip(
        prepared.canvases, prepared.scales, prepared.truth, strict=True
    ):
        x, y = ((boxes[0, :2] + boxes[0, 2:]) / 2 * scale).astype(int)
        assert canvas[y, x, 0] > 200  # a face is bright where its box is


def test_unreadable_pictures_are_named(broken_among: DataSet, only_broken: DataSet) -> None:
    prepared = prepare(broken_among, 32)
    assert len(prepared) == 5
    assert [skipped.name for skipped in prepared.skipped] == ["broken 0", "broken 1"]
    nothing = prepare(only_broken, 32)
    assert nothing.canvases.shape == (0, 32, 32, 3) and nothing.truth_square is None


def test_squares_only_where_every_picture_has_them(pictures: DataSet) -> None:
    without = [*pictures.pictures]
    without[2] = type(without[2])("plain", without[2].boxes, without[2].load)
    assert prepare(without, 32).truth_square is None


def test_chunks_cover_the_set_once(pictures: DataSet) -> None:
    many = DataSet("many", pictures.pictures * 30)
    assert sum(chunks(many), start=()) == many.pictures
    assert max(len(chunk) for chunk in chunks(many)) <= 64
