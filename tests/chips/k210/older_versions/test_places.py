"""What lies where in main memory."""

from __future__ import annotations

import pytest

from dse.chips.k210.older_versions.level_program import Box, Tensor
from dse.chips.k210.older_versions.level_values import Cut, Joined, Plain
from dse.chips.k210.older_versions.places import Places
from dse.errors import CompilerError

HERE = (0, 3)


def test_the_whole_a_part_and_two_together() -> None:
    places, first, second = Places(), Plain(Tensor((2, 3, 4))), Plain(Tensor((1, 3, 4)))
    places.write(HERE, 8, 1, first)
    places.write(HERE, 32, 1, second)
    assert places.read(HERE, 8, 1, (1, 2, 3, 4), (99, 12, 4, 1)) is first
    cut = places.read(HERE, 8 + 4 + 1, 1, (1, 2, 2, 3), (24, 12, 4, 1))
    assert cut == Cut(first, Box(1, 1, 3, 4)) and cut.shape == (2, 2, 3)
    both = places.read(HERE, 8, 1, (1, 3, 3, 4), (36, 12, 4, 1))
    assert both == Joined((first, second)) and both.shape == (3, 3, 4)


def test_what_is_written_over_is_forgotten() -> None:
    places = Places()
    places.write(HERE, 0, 4, Plain(Tensor((1, 2, 2))))
    places.write(HERE, 12, 4, Plain(Tensor((1, 1, 1))))
    with pytest.raises(CompilerError, match="part of a tensor"):
        places.read(HERE, 0, 4, (1, 1, 2, 2), (4, 4, 2, 1))
    places.write(HERE, 0, 4, Plain(Tensor((1, 1, 1))))
    with pytest.raises(CompilerError, match="do not fit together"):
        places.read(HERE, 0, 4, (1, 1, 2, 2), (4, 4, 2, 1))


@pytest.mark.parametrize(
    ("start", "shape", "strides"),
    [
        (0, (1, 1, 3, 4), (12, 12, 4, 1)),  # one channel of two
        (2, (1, 2, 3, 3), (24, 12, 4, 1)),  # over the end of a row
        (0, (1, 2, 3, 2), (24, 12, 4, 2)),  # every second column
        (0, (2, 4), (4, 1)),
    ],
)
def test_other_parts_are_refused(
    start: int, shape: tuple[int, ...], strides: tuple[int, ...]
) -> None:
    places = Places()
    places.write(HERE, 0, 1, Plain(Tensor((2, 3, 4))))
    with pytest.raises(CompilerError):
        places.read(HERE, start, 1, shape, strides)
