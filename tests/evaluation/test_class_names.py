from __future__ import annotations

import pytest

from dse.data.pictures import ANY_CLASS
from dse.errors import DataError
from dse.evaluation.class_names import NO_CLASS, class_numbers


def test_classes_are_known_by_their_names() -> None:
    numbers = class_numbers(("owl", "cat", "dog"), ("cat", "dog"))
    assert numbers is not None
    assert numbers.tolist() == [NO_CLASS, 0, 1, ANY_CLASS] and numbers[ANY_CLASS] == ANY_CLASS


def test_equal_names_and_single_classes_stay_as_they_are() -> None:
    assert class_numbers(("cat", "dog"), ("cat", "dog")) is None
    assert class_numbers(("card",), ("face",)) is None


def test_a_detector_of_other_things_is_refused() -> None:
    many = tuple(f"kind {n}" for n in range(80))
    with pytest.raises(DataError, match="kind 4 and 75 more; the detector finds cat, dog"):
        class_numbers(many, ("cat", "dog"))
