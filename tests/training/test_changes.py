"""Which changes leave a thing what it is."""

from __future__ import annotations

import pytest

from dse.training.changes import USUAL, changes_for


@pytest.mark.parametrize(
    "classes",
    [
        ("face",),
        ("RBC", "WBC", "Platelets"),
        ("banana", "apple"),
        ("nine", "ten", "jack", "queen", "king", "ace")[2:],
        ("garbage", "garbage_bin", "overflow"),
        ("with_mask", "without_mask"),
        ("charger", "cone"),
    ],
)
def test_most_things_may_be_mirrored(classes: tuple[str, ...]) -> None:
    assert changes_for(classes).mirror


@pytest.mark.parametrize(
    "classes",
    [
        ("0", "1", "2"),
        ("a", "B", "c"),
        ("left_arrow", "right_arrow"),
        ("turn left", "stop"),
        ("digit_3",),
        ("three", "four"),
        ("license_plate",),
        ("speed-sign",),
    ],
)
def test_digits_letters_and_arrows_are_not(classes: tuple[str, ...]) -> None:
    changes = changes_for(classes)
    assert not changes.mirror and "mirror" in changes.words
    assert changes_for(classes, mirror=True).mirror


def test_what_is_told_by_its_colour_keeps_it() -> None:
    for classes in (("red_ball", "blue_ball"), ("Yellow cone", "cone"), ("lightGreen", "x1")):
        assert not changes_for(classes).grey, classes
    assert changes_for(("orange",)).grey  # nothing to be confused with
    assert changes_for(("blackberry", "cup")).grey


def test_usual_changes_have_no_part_in_the_names_of_caches() -> None:
    assert changes_for(("face",)) == USUAL and USUAL.key == "" and USUAL.words == ""
    assert len({changes_for(("7", "red")).key, changes_for(("7",)).key, ""}) == 3
