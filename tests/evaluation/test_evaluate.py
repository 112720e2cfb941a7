"""Whole data sets: a detector that sees the bright squares finds all of them."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from dse.canvas import InputSize
from dse.data.pictures import DataSet, no_boxes
from dse.detection.head import FACE_HEAD
from dse.errors import DataError, UsageError
from dse.evaluation import (
    Evaluation,
    Prepared,
    evaluate,
    evaluate_canvases,
    evaluate_pyramid,
    prepare,
)
from dse.evaluation.pyramid import pyramid_sizes

if TYPE_CHECKING:
    from dse.network.arrays import Predict

SIZE = 96


def bright_squares(size: int, anchor_size: int | None = None, quality: float = 1.0) -> Predict:
    """A detector for this test's pictures: encodes each bright blob into one anchor."""
    anchors = FACE_HEAD.grid(size, size // 8, size // 8)
    anchors[:, 2:] *= (anchor_size or size) / size

    def predict(canvases: NDArray[np.uint8]) -> NDArray[np.float32]:
        maps = np.zeros((len(canvases), len(anchors), 5), np.float32)
        maps[..., 0] = -20
        for canvas, cells in zip(canvases, maps, strict=True):
            blobs, _ = ndimage.label(canvas[..., 0] > 170)
            for number, (rows, columns) in enumerate(ndimage.find_objects(blobs)):
                box = np.array([columns.start, rows.start, columns.stop, rows.stop], np.float32)
                gaps = np.abs(anchors[:, :2] - (box[:2] + box[2:]) / 2).sum(axis=1)
                place = int(np.argmin(gaps))
                cells[place, 0] = 4 - number if quality == 1 else 4 - 8 * number
                cells[place, 1:] = FACE_HEAD.encode(box[None], anchors[[place]])[0]
        return maps.reshape(len(canvases), size // 8, size // 8, 125)

    return predict


def test_finds_every_face_in_picture_pixels(pictures: DataSet) -> None:
    found = evaluate(bright_squares(SIZE), SIZE, pictures)
    assert found.ap == 1.0
    assert (found.images, found.faces, found.skipped) == (5, 10, 0)
    assert found.ap_square is not None and 0 < found.ap_square <= 1
    assert found.seconds > 0


def test_a_detector_that_sees_half_gets_half(pictures: DataSet) -> None:
    found = evaluate(bright_squares(SIZE, quality=0.5), SIZE, pictures)
    assert found.ap == pytest.approx(0.5)


def test_the_curve_and_the_interval_belong_to_the_figure(pictures: DataSet) -> None:
    found = evaluate(bright_squares(SIZE, quality=0.5), SIZE, pictures)
    assert found.ap_interval is not None
    assert found.ap_interval[0] <= found.ap <= found.ap_interval[1]
    assert found.curve[-1][0] == pytest.approx(0.5)  # half of the faces are never found
    assert all(precision == 1 for _, precision, _ in found.curve)


def test_prepared_canvases_give_the_same(pictures: DataSet) -> None:
    predict = bright_squares(SIZE)
    streamed, prepared = (
        evaluate(predict, SIZE, pictures),
        evaluate_canvases(predict, prepare(pictures, SIZE)),
    )
    assert _without_time(streamed) == _without_time(prepared)


def test_unreadable_pictures_are_skipped_and_counted(
    broken_among: DataSet, only_broken: DataSet
) -> None:
    found = evaluate(bright_squares(SIZE), SIZE, broken_among)
    assert (found.ap, found.images, found.faces, found.skipped) == (1.0, 5, 10, 2)
    assert found.ap_square is not None
    with pytest.raises(DataError, match=r"none of 2 pictures could be read .*truncated file"):
        evaluate(bright_squares(SIZE), SIZE, only_broken)


def test_pictures_without_faces_are_an_error(pictures: DataSet) -> None:
    first = pictures.pictures[0]
    bare = DataSet("bare", (type(first)("bare", no_boxes(), first.load),))
    with pytest.raises(DataError, match="no labelled object"):
        evaluate(bright_squares(SIZE), SIZE, bare)


def test_sets_without_ellipses_have_no_square_figure(pictures: DataSet) -> None:
    plain = DataSet("plain", tuple(type(p)(p.name, p.boxes, p.load) for p in pictures.pictures))
    assert evaluate(bright_squares(SIZE), SIZE, plain).ap_square is None


def test_pyramid_runs_one_predictor_a_size_and_merges(broken_among: DataSet) -> None:
    asked: list[InputSize] = []

    def predictor_for(size: InputSize) -> Predict:
        asked.append(size)
        assert isinstance(size, int)
        return bright_squares(size, anchor_size=SIZE)

    found = evaluate_pyramid(predictor_for, SIZE, broken_among)
    assert asked == [64, 96, 192]  # 48 is no multiple of 32
    assert (found.ap, found.images, found.faces, found.skipped) == (1.0, 5, 10, 2)


def test_pyramid_of_one_level_is_the_plain_evaluation(pictures: DataSet) -> None:
    one = evaluate_pyramid(lambda size: bright_squares(SIZE), SIZE, pictures, scales=(1.0,))
    assert _without_time(one) == _without_time(evaluate(bright_squares(SIZE), SIZE, pictures))


def test_pyramid_sizes_are_multiples_of_the_stride() -> None:
    assert pyramid_sizes(224) == (128, 224, 448)
    assert pyramid_sizes(192) == (96, 192, 384)
    assert pyramid_sizes("320x240") == ("160x128", "320x240", "640x480")
    assert pyramid_sizes(100, (1.0, 0.1)) == (100, 32)
    for scales in ((), (1.0, 0.0), (-1.0,)):
        with pytest.raises(UsageError, match="above 0"):
            pyramid_sizes(224, scales)


def test_detections_below_the_picture_do_not_count() -> None:
    canvases = np.zeros((1, SIZE, SIZE, 3), np.uint8)
    canvases[0, 60:90, 10:40] = 230  # in the empty part below a picture of 48 rows
    canvases[0, 8:28, 50:70] = 230
    truth = (np.array([[50, 8, 70, 28]], np.float32),)
    prepared = Prepared(
        SIZE, ("one",), canvases, np.array([1.0]), np.array([48]), np.array([96]), truth,
        (no_boxes(),), None, (),
    )  # fmt: skip
    assert evaluate_canvases(bright_squares(SIZE), prepared).ap == 1.0


@pytest.mark.slow
def test_judging_boxes_needs_no_tensorflow() -> None:
    program = "import sys, dse.evaluation; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def _without_time(found: Evaluation) -> tuple[float, float | None, int, int, int]:
    return found.ap, found.ap_square, found.images, found.faces, found.skipped
