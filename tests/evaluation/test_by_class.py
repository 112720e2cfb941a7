"""Figures by class: what programs and people are told."""

from __future__ import annotations

import json

import pytest

from dse.evaluation import by_class
from tests.evaluation.several import found_on, labelled, three_classes


def test_programs_get_plain_values() -> None:
    told = json.loads(json.dumps(by_class(three_classes()).as_dict()))
    assert told["classes"] == {"cat": pytest.approx(2 / 3), "dog": 0.5, "owl": None}
    assert told["objects"] == {"cat": 3, "dog": 1, "owl": 0}
    assert told["thresholds"]["cat"] == pytest.approx(0.9)
    assert told["confusion"]["rows"] == ["cat", "dog", "owl", "background"]
    assert told["confusion"]["columns"] == ["cat", "dog", "owl", "missed"]
    assert told["confusion"]["counts"] == [[2, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert 0 < told["map_50_95"] <= 1


def test_people_get_a_line_a_class() -> None:
    lines = by_class(three_classes()).table().splitlines()
    assert lines[0].split() == ["class", "objects", "AP", "score", "precision", "recall",
                                "taken", "for"]  # fmt: skip
    assert lines[2].split() == ["cat", "3", "0.6667", "0.90", "1.0000", "0.6667", "dog", "(1)"]
    assert lines[3].split() == ["dog", "1", "0.5000", "0.50", "0.5000", "1.0000"]
    assert lines[4].split() == ["owl", "0", *["–"] * 4]


def test_a_given_threshold_is_that_of_every_class() -> None:
    figures = by_class(three_classes(), 0.7)
    assert set(figures.thresholds.values()) == {0.7}
    assert figures.confusion[1].tolist() == [0, 0, 0, 1]  # dogs have 0.5


def test_precision_and_recall_are_those_of_the_table() -> None:
    figures = by_class(found_on(labelled("a", [0, 1, 1]), labelled("b", [1, 0]), classes=[0, 1, 1]))
    for place, point in enumerate(figures.points.values()):
        right = figures.confusion[place, place]
        if figures.confusion[place].sum():
            assert point.recall == pytest.approx(right / figures.confusion[place].sum())
            assert point.precision == pytest.approx(right / figures.confusion[:, place].sum())
