"""Which pictures are shown: by chance, or by how they came out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dse.data.pictures import no_boxes
from dse.detection.detections import Detections
from dse.evaluation import Finding, Findings
from dse.views.contact_sheet.choosing import choose, choose_between, count


@pytest.fixture
def pictures(first: Finding) -> list[Finding]:
    """Twenty copies, by name, of which 3 is empty, 5 is all missed and 7 is found whole."""
    nothing = Detections(no_boxes(), np.zeros(0, np.float32))
    copies = [replace(first, name=str(number)) for number in range(20)]
    copies[3] = replace(copies[3], detections=nothing, faces=no_boxes())
    copies[5] = replace(copies[5], detections=nothing)
    copies[7] = replace(copies[7], detections=Detections(first.faces, np.ones(2, np.float32)))
    return copies


def names(found: list[Finding]) -> list[str]:
    return [picture.name for picture in found]


def test_counts_are_what_the_picture_shows(first: Finding) -> None:
    assert count(first, 0.5) == (1, 1, 1)  # the detection on the ignored face is neither
    assert count(first, 0.85) == (1, 0, 1)
    assert count(first, 0.0) == (2, 1, 0)


def test_counts_of_the_whole_set_are_the_operating_points(findings: Findings) -> None:
    from dse.detection.average_precision import operating_point

    for score in (0.0, 0.15, 0.5, 0.75, 0.85):
        found, false, missed = (
            sum(part) for part in zip(*(count(p, score) for p in findings.pictures), strict=True)
        )
        point = operating_point(findings.curve(), score)
        assert point.precision == pytest.approx(found / (found + false))
        assert point.recall == pytest.approx(found / (found + missed))


def test_random_is_the_same_for_the_same_seed_and_in_order(pictures: list[Finding]) -> None:
    chosen = names(choose(pictures, 0.5, 8, "random", seed=1))
    assert chosen == names(choose(pictures, 0.5, 8, "random", seed=1))
    assert chosen != names(choose(pictures, 0.5, 8, "random", seed=2))
    assert len(set(chosen)) == 8
    assert [int(name) for name in chosen] == sorted(int(name) for name in chosen)


def test_worst_and_best_come_first(pictures: list[Finding]) -> None:
    assert names(choose(pictures, 0.5, 1, "worst")) == ["5"]
    assert names(choose(pictures, 0.5, 2, "best")) == ["7", "3"]


@pytest.mark.parametrize("sort", ["random", "worst", "best"])
def test_more_than_there_are_is_all_of_them(pictures: list[Finding], sort: str) -> None:
    assert len(choose(pictures, 0.5, 99, sort)) == 20


def test_detectors_differ_most_where_one_finds_what_another_does_not(
    pictures: list[Finding],
) -> None:
    blind = [replace(one, detections=Detections(no_boxes(), np.zeros(0, np.float32)))
             for one in pictures]  # fmt: skip
    assert choose_between([pictures, blind], [0.5, 0.5], 1) == [7]
    assert choose_between([pictures, blind], [0.5, 0.5], 2) == [0, 7]
    assert choose_between([pictures], [0.5], 2) == [0, 1]  # alike: the one with most errors
    assert choose_between([], [], 3) == []
