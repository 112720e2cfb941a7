"""Bootstrap intervals: in range, as wide as theory says where it says something."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.detection.average_precision import Ranked, area
from dse.detection.confidence import interval_of, is_higher, resampled_ap


def ranked(correct: list[bool], faces: list[int], picture: list[int]) -> Ranked:
    scores = np.linspace(1, 0, len(correct), dtype=np.float64)
    return Ranked(scores, np.array(correct, bool), np.array(picture, int), np.array(faces))


def ap_interval(each: list[Ranked], level: float = 0.95, seed: int = 0) -> tuple[float, float]:
    return interval_of(resampled_ap(each, seed), level)


def one_face_each(found: list[bool]) -> Ranked:
    """One detection a picture, which finds its only face or not."""
    return ranked(found, [1] * len(found), list(range(len(found))))


def test_a_detector_without_fault_is_certain() -> None:
    assert ap_interval([one_face_each([True] * 30)]) == pytest.approx((1.0, 1.0))
    assert ap_interval([one_face_each([False] * 30)]) == (0.0, 0.0)


@pytest.mark.slow
@given(st.lists(st.booleans(), min_size=5, max_size=60).filter(any), st.integers(0, 3))
def test_it_holds_the_middle_of_the_resamples_and_stays_in_range(
    found: list[bool], seed: int
) -> None:
    low, high = ap_interval([one_face_each(found)], seed=seed)
    assert 0 <= low <= high <= 1 + 1e-9
    wide = ap_interval([one_face_each(found)], level=0.99, seed=seed)
    assert wide[0] <= low and high <= wide[1]


def test_it_has_the_binomial_width_where_ap_is_a_share() -> None:
    """Faces found all rank before those missed: AP is the share found, its error binomial."""
    found = [True] * 320 + [False] * 80
    everything = one_face_each(found)
    low, high = ap_interval([everything])
    recall, precision, _ = everything.curve()
    assert area(recall, precision) == pytest.approx(0.8)
    assert high - low == pytest.approx(2 * 1.96 * (0.8 * 0.2 / 400) ** 0.5, rel=0.15)


def test_faces_of_one_picture_go_together() -> None:
    """A hundred faces in ten pictures, all or none of each found: ten draws, not a hundred."""
    found = [picture < 8 for picture in range(10) for _ in range(10)]
    together = ranked(found, [10] * 10, [picture for picture in range(10) for _ in range(10)])
    apart = ranked(found, [1] * 100, list(range(100)))
    low, high = ap_interval([together])
    assert high - low > 2 * np.diff(ap_interval([apart]))[0]


def test_a_set_in_which_few_pictures_have_faces() -> None:
    assert ap_interval([ranked([True], [1, 0, 0], [0])]) == pytest.approx((1.0, 1.0))


def test_pairs_are_told_apart_where_intervals_overlap() -> None:
    """Of 400 pictures one detector finds the same faces as the other, and ten more."""
    less = resampled_ap([one_face_each([True] * 300 + [False] * 100)])
    more = resampled_ap([one_face_each([True] * 310 + [False] * 90)])
    assert interval_of(less)[1] > interval_of(more)[0]
    assert is_higher(more, less) and not is_higher(less, more) and not is_higher(more, more)


def test_the_draws_are_the_same_for_every_detector() -> None:
    """What each finds in the pictures drawn: two halves of them are all of them."""
    pictures = list(range(100))
    first = resampled_ap([ranked([True] * 50, [1] * 100, pictures[:50])])
    second = resampled_ap([ranked([True] * 50, [1] * 100, pictures[50:])])
    np.testing.assert_allclose(first + second, 1.0)
