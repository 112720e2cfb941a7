"""Numbers in lockstep: what a walk does with them is what every network alone would do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.chips.lockstep import Lockstep

SIDES = st.lists(st.integers(1, 40), min_size=1, max_size=12)


def collatz(number: int) -> tuple[int, int]:
    """Steps to one, and the largest number on the way: branches on every number it meets."""
    steps, largest = 0, number
    while number != 1:
        number = number // 2 if number % 2 == 0 else 3 * number + 1
        steps, largest = steps + 1, max(largest, number)
    return steps, largest


@pytest.mark.slow
@given(SIDES)
def test_every_number_goes_its_own_way(numbers: list[int]) -> None:
    lockstep = Lockstep(len(numbers))
    both = lockstep.number(numbers)
    found: dict[int, tuple[int, int]] = {}
    for walkers, (steps, largest) in lockstep.walks(lockstep.together, lambda: collatz(both)):
        places = np.flatnonzero(walkers)
        values = lockstep.values([steps, largest], places)
        for place, steps_here, largest_here in zip(places, *values.tolist(), strict=True):
            assert place not in found
            found[place] = (steps_here, largest_here)
    assert found == {place: collatz(number) for place, number in enumerate(numbers)}


@given(SIDES, st.data())
def test_arithmetic(numbers: list[int], data: st.DataObject) -> None:
    others = [data.draw(st.integers(1, 40)) for _ in numbers]
    lockstep = Lockstep(len(numbers))
    one, other = lockstep.number(numbers), lockstep.number(others)

    def formulas(a: int, b: int) -> list[int]:
        return [a + b, a - b, a * b, a // 3, a % 7, -a, 3 + a, 3 - b, 3 * b, -(-a // 2), a - a]

    found = lockstep.values(formulas(one, other), np.arange(len(numbers)))
    pairs = zip(numbers, others, strict=True)
    assert found.T.tolist() == [formulas(*pair) for pair in pairs]


@given(SIDES, st.integers(1, 40))
def test_who_answers_otherwise_stays_behind(numbers: list[int], limit: int) -> None:
    lockstep = Lockstep(len(numbers))
    side = lockstep.number(numbers)
    walks = list(lockstep.walks(lockstep.together, lambda: (side <= limit, limit < side)))
    assert len(walks) == len({number <= limit for number in numbers})
    for walkers, (small, large) in walks:
        assert small != large
        assert all(numbers[place] <= limit for place in np.flatnonzero(walkers)) == small


def test_a_walk_inside_a_walk_splits_it_further() -> None:
    lockstep = Lockstep(4)
    side = lockstep.number([1, 2, 3, 4])
    groups = []
    for members, odd in lockstep.walks(lockstep.together, lambda: side % 2 == 1):
        for walkers, small in lockstep.walks(members, lambda: side < 3):
            groups.append((odd, small, np.flatnonzero(walkers).tolist()))
    assert groups == [
        (True, True, [0]),
        (True, False, [2]),
        (False, True, [1]),
        (False, False, [3]),
    ]


def test_shapes_are_compared_number_by_number() -> None:
    lockstep = Lockstep(2)
    shape = (lockstep.number([4, 5]), 8)
    assert [alike for _, alike in lockstep.walks(lockstep.together, lambda: shape == (4, 8))] == [
        True, False,
    ]  # fmt: skip


def test_equal_numbers_are_a_plain_int() -> None:
    lockstep = Lockstep(3)
    side = lockstep.number([8, 9, 10])
    assert type(lockstep.number([7, 7, 7])) is int
    assert type(side - side) is int
    assert side + 1 - 1 is side


def test_no_question_goes_unnoticed() -> None:
    """A set or a table would compare hashes first, and call numbers unequal unasked."""
    side = Lockstep(2).number([4, 5])
    with pytest.raises(TypeError, match="unhashable"):
        hash(side)
    with pytest.raises(TypeError):
        range(side)
