"""What a detection, and a face, comes to: by hand, and what must hold for any picture."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dse.detection.average_precision import PrecisionRecall, operating_point, precision_recall
from dse.detection.detections import Detections
from dse.detection.geometry import Boxes
from dse.detection.matching import judge

FACE = (0.0, 0.0, 10.0, 10.0)
OTHER = (50.0, 50.0, 60.0, 60.0)
NOWHERE = (90.0, 90.0, 99.0, 99.0)


def boxes(*rows: tuple[float, ...]) -> Boxes:
    return np.array(rows, np.float32).reshape(-1, 4)


def test_each_detection_is_true_false_or_left_out() -> None:
    seen = Detections(boxes(FACE, NOWHERE, OTHER, FACE), np.array([0.9, 0.8, 0.7, 0.6], np.float32))
    judged = judge(seen, boxes((1, 1, 11, 11), (20, 20, 30, 30)), boxes(OTHER))
    assert judged.true.tolist() == [True, False, False, False]
    assert judged.false.tolist() == [False, True, False, True]  # the second on the same face
    assert judged.left_out.tolist() == [False, False, True, False]
    assert judged.missed.tolist() == [False, True]


def test_the_better_detection_has_the_face_wherever_it_stands_in_the_list() -> None:
    seen = Detections(boxes(FACE, FACE), np.array([0.2, 0.9], np.float32))
    assert judge(seen, boxes(FACE), boxes()).true.tolist() == [False, True]


@st.composite
def pictures(draw: st.DrawFn) -> tuple[Detections, Boxes, Boxes]:
    """Detections with tied scores near and far from a few faces, some of them ignored."""
    corner, side = st.integers(0, 30), st.integers(1, 20)
    box = st.tuples(corner, corner, side, side).map(
        lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
    )
    found, faces, ignored = (boxes(*draw(st.lists(box, max_size=n))) for n in (12, 6, 3))
    tenths = draw(st.lists(st.integers(1, 9), min_size=len(found), max_size=len(found)))
    return Detections(found, np.array(tenths, np.float32) / np.float32(10)), faces, ignored


@given(pictures())
def test_everything_is_judged_once(picture: tuple[Detections, Boxes, Boxes]) -> None:
    found, faces, ignored = picture
    judged = judge(found, faces, ignored)
    kinds = np.stack([judged.true, judged.false, judged.left_out]).astype(int)
    assert kinds.sum(axis=0).tolist() == [1] * len(found)
    assert judged.true.sum() == len(faces) - judged.missed.sum()


@given(pictures(), st.integers(1, 9))
def test_a_threshold_changes_nothing_above_it(
    picture: tuple[Detections, Boxes, Boxes], tenth: int
) -> None:
    found, faces, ignored = picture
    above = found.scores >= np.float32(tenth / 10)
    whole, part = judge(found, faces, ignored), judge(found.above(tenth / 10), faces, ignored)
    np.testing.assert_array_equal(whole.true[above], part.true)
    np.testing.assert_array_equal(whole.left_out[above], part.left_out)


def _curve(seen: list[tuple[Detections, Boxes, Boxes]]) -> PrecisionRecall:
    found, faces, ignored = (list(column) for column in zip(*seen, strict=True))
    return precision_recall(found, faces, ignored)


@given(st.lists(pictures(), min_size=1, max_size=4), st.none() | st.integers(1, 9))
def test_the_curve_counts_what_is_judged(
    seen: list[tuple[Detections, Boxes, Boxes]], tenth: int | None
) -> None:
    if not sum(len(faces) for _, faces, _ in seen):
        return
    curve = _curve(seen)
    point = operating_point(curve, None if tenth is None else tenth / 10)
    judged = [judge(f.above(point.score), faces, ignored) for f, faces, ignored in seen]
    true, false, missed = (
        sum(int(getattr(one, kind).sum()) for one in judged) for kind in ("true", "false", "missed")
    )
    assert np.isclose(point.recall, true / (true + missed))
    assert np.isclose(point.precision, true / max(1, true + false))


@given(st.lists(pictures(), min_size=1, max_size=4))
def test_no_threshold_has_a_better_f1(seen: list[tuple[Detections, Boxes, Boxes]]) -> None:
    if not sum(len(faces) for _, faces, _ in seen):
        return
    curve = _curve(seen)

    def f1(score: float | None) -> float:
        _, precision, recall = operating_point(curve, score)
        return 2 * precision * recall / max(precision + recall, 1e-9)

    assert all(f1(None) >= f1(tenth / 10) - 1e-9 for tenth in range(1, 10))
