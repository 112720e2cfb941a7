"""A recipe that leaves its epochs open shows a small set more often."""

from __future__ import annotations

import pytest

from dse.errors import UsageError
from dse.training.recipe import LEAST_EPOCHS, MOST_EPOCHS, Recipe


def test_small_sets_get_more_epochs_for_as_many_steps() -> None:
    large, small = (Recipe().settled(count) for count in (10_000, 300))
    assert large.epochs == LEAST_EPOCHS
    assert small.epochs > large.epochs
    assert small.epochs * (300 // small.batch_size) >= 600
    assert Recipe().settled(3).epochs == MOST_EPOCHS
    assert small.views > large.views == Recipe().views
    assert Recipe(pictures=64).settled(5000) == Recipe(pictures=64).settled(64)


def test_the_drawn_faces_are_shown_as_often_as_photographs() -> None:
    assert Recipe().settled(800, are_faces=True).epochs == LEAST_EPOCHS
    assert Recipe().settled(800).epochs == 40
    assert Recipe().settled(60, are_faces=True).epochs > LEAST_EPOCHS


def test_epochs_that_were_asked_for_stay() -> None:
    assert Recipe(epochs=2).settled(3) == Recipe(epochs=2)


def test_what_is_left_open_is_as_it_was_settled() -> None:
    settled = Recipe().settled(300)
    assert Recipe().settled_as(settled) == settled
    assert Recipe(loss="paper").settled_as(settled) != settled
    assert Recipe(epochs=2).settled_as(settled) == Recipe(epochs=2)


@pytest.mark.parametrize("wrong", [{"epochs": -1}, {"balance": 1.0}, {"balance": -0.1}])
def test_what_means_nothing_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Recipe(**wrong)  # type: ignore[arg-type]
