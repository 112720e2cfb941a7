"""Picking and joining classes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.data.pictures import ANY_CLASS, DataSet, Picture
from dse.data.selection import Selection
from dse.detection.heads import MOST_CLASSES
from dse.errors import DataError, UnknownName, UsageError


def _nothing() -> np.ndarray:
    raise AssertionError("not to be loaded")


def fruit(*numbers: int, names: tuple[str, ...] = ("apple", "pear", "plum")) -> DataSet:
    boxes = np.arange(len(numbers) * 4, dtype=np.float32).reshape(-1, 4)
    ignored = np.array([ANY_CLASS, 0, 2], np.int32)
    classes = np.array(numbers, np.int32)
    load: Callable[[], np.ndarray] = _nothing
    whole = Picture("a", boxes, load, np.ones((3, 4), np.float32), None, None, classes, ignored)
    return DataSet("x", (whole,), classes=names)


def test_nothing_said_changes_nothing() -> None:
    data = fruit(0, 1)
    assert Selection().apply(data) is data


def test_picked_classes_have_the_order_of_the_asking() -> None:
    data = Selection.of("plum,Apple", None).apply(fruit(0, 1, 2, 1))
    assert data.classes == ("plum", "apple")
    (picture,) = data.pictures
    assert picture.classes.tolist() == [1, 0]
    np.testing.assert_array_equal(picture.boxes, fruit(0, 1, 2, 1).pictures[0].boxes[[0, 2]])
    assert picture.ignored_classes.tolist() == [ANY_CLASS, 1, 0]


def test_joined_classes_stand_where_the_first_one_stood() -> None:
    data = Selection.of(None, ["round=apple,plum"]).apply(fruit(0, 1, 2))
    assert data.classes == ("round", "pear")
    assert data.pictures[0].classes.tolist() == [0, 1, 0]
    only = Selection.of("round", ["round=apple,plum"]).apply(fruit(0, 1, 2))
    assert only.classes == ("round",)
    assert only.pictures[0].classes.tolist() == [0, 0]


def test_wrong_names_are_told() -> None:
    with pytest.raises(UnknownName, match=r"unknown class 'aple'\. Did you mean 'apple'"):
        Selection.of("aple", None).apply(fruit(0))
    with pytest.raises(UnknownName, match="unknown class 'cherry'"):
        Selection.of(None, ["x=cherry"]).apply(fruit(0))
    with pytest.raises(DataError, match="no box of plum"):
        Selection.of("plum", None).apply(fruit(0, 1))
    for wrong in ("face", "=a", "a=", "a= , "):
        with pytest.raises(UsageError, match="joins nothing"):
            Selection.of(None, [wrong])
    with pytest.raises(UsageError, match="picks no classes"):
        Selection.parse("colour=red")


def test_too_many_classes_are_refused_until_some_are_picked() -> None:
    data = fruit(0, names=tuple(f"n{number}" for number in range(1000)))
    with pytest.raises(DataError, match=f"1000 classes, of which a detector .*{MOST_CLASSES}") as e:
        Selection().apply(data)
    assert "--classes" in e.value.hint
    assert Selection.of("n0", None).apply(data).classes == ("n0",)


names = st.text(min_size=1, max_size=8).filter(lambda text: text.strip() == text)


@given(st.lists(names, max_size=3), names, st.lists(names, min_size=1, max_size=3))
def test_the_text_of_a_selection_is_it(classes: list[str], new: str, old: list[str]) -> None:
    selection = Selection(tuple(classes), ((new, tuple(old)),))
    assert Selection.parse(str(selection)) == selection
