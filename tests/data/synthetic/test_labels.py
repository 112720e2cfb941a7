"""Which faces count."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dse.data.synthetic.head import Pose
from dse.data.synthetic.labels import label
from dse.data.synthetic.people import Person, sample_light, sample_person
from dse.data.synthetic.things import Thing


@pytest.fixture
def person() -> Person:
    rng = np.random.default_rng(4)
    someone = sample_person(rng, 100, 100, 30, sample_light(rng))
    return replace(someone, pose=Pose())


def _counts(people: list[Person], things: list[Thing]) -> tuple[int, int]:
    boxes, ignored = label(people, things, (), 200, 200)
    return len(boxes), len(ignored)


def test_a_plain_face_counts(person: Person) -> None:
    assert _counts([person], []) == (1, 0)


def test_the_back_of_a_head_is_no_face(person: Person) -> None:
    assert _counts([replace(person, pose=Pose(yaw=3.0))], []) == (0, 0)


def test_a_face_turned_past_profile_is_ignored(person: Person) -> None:
    assert _counts([replace(person, pose=Pose(yaw=1.8))], []) == (0, 1)


def test_a_tiny_face_is_ignored(person: Person) -> None:
    assert _counts([replace(person, unit=3.0)], []) == (0, 1)


def test_a_face_behind_another_is_ignored(person: Person) -> None:
    assert _counts([person, replace(person, unit=31.0)], []) == (1, 1)


def test_only_things_in_front_hide(person: Person) -> None:
    wall = Thing("paper", 100, 100, 150, 150, (1, 1, 1))
    assert _counts([person], [wall]) == (1, 0)
    assert _counts([person], [replace(wall, front=True)]) == (0, 1)


def test_a_face_mostly_outside_is_clipped_and_ignored(person: Person) -> None:
    boxes, ignored = label([replace(person, x=-12.0)], [], (), 200, 200)
    assert len(boxes) == 0 and ignored[0, 0] == 0


def test_a_frame_clips_its_own_portrait(person: Person) -> None:
    boxes, _ = label([person], [], ((85, 60, 130, 160),), 200, 200)
    assert boxes[0, 0] == 85
