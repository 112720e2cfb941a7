"""Digits as strokes."""

from __future__ import annotations

import numpy as np
import pytest

from dse.data.synthetic_digits.glyphs import HEIGHT, SEGMENTS, Style, strokes

KINDS = [
    Style("segment", 0.0, 0.0, 0.1, 1.0, 0),
    *(Style("print", 0.0, 0.0, 0.1, 1.0, variant) for variant in (0, 1)),
]


@pytest.mark.parametrize("style", KINDS, ids=str)
@pytest.mark.parametrize("value", range(10))
def test_every_digit_fills_its_height(value: int, style: Style) -> None:
    points = np.concatenate(strokes(value, style, np.random.default_rng(0)))
    assert points[:, 1].min() == pytest.approx(0, abs=0.11)
    assert points[:, 1].max() == pytest.approx(HEIGHT, abs=0.11)
    assert points[:, 0].min() > -0.1 and points[:, 0].max() < 1.1


def test_no_two_displays_are_alike() -> None:
    assert len({frozenset(lit) for lit in SEGMENTS}) == 10


def test_six_turned_is_nine() -> None:
    rng = np.random.default_rng(0)
    six, nine = (strokes(value, KINDS[1], rng) for value in (6, 9))
    for one, other in zip(six, nine, strict=True):
        np.testing.assert_allclose((1, HEIGHT) - one, other)


def test_two_by_one_hand_differ() -> None:
    rng, hand = np.random.default_rng(0), Style("hand", 0.1, 0.05, 0.1, 1.0, 0)
    assert not np.allclose(strokes(0, hand, rng)[0], strokes(0, hand, rng)[0])
