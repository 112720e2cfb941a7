"""Digits drawn by the package: ten classes, the same on every machine."""

from __future__ import annotations

import pickle
from collections import Counter

import numpy as np

from dse.data import open_data
from dse.data.synthetic_digits import synthetic_digits


def test_scenes_are_functions_of_their_number() -> None:
    few, more = synthetic_digits("train", 5), synthetic_digits("train", 8)
    assert [one.name for one in few.pictures] == [one.name for one in more.pictures[:5]]
    for one, other in zip(few.pictures, more.pictures, strict=False):
        np.testing.assert_array_equal(one.boxes, other.boxes)
        np.testing.assert_array_equal(one.classes, other.classes)
    first = few.pictures[0]
    np.testing.assert_array_equal(first.load(), pickle.loads(pickle.dumps(first.load))())
    assert synthetic_digits("val", 5).checksum != few.checksum


def test_all_ten_classes_come_about_alike() -> None:
    data = synthetic_digits("train", 400)
    assert data.classes == tuple("0123456789")
    counts = Counter(int(one) for picture in data.pictures for one in picture.classes)
    assert min(counts.values()) > 60
    assert sum(not len(picture.boxes) for picture in data.pictures) in range(20, 80)


def test_a_specification_opens_them() -> None:
    data = open_data("synthetic-digits:50?classes=7,3", "val")
    assert (len(data), data.classes) == (10, ("7", "3"))
