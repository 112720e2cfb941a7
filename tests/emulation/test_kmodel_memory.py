from __future__ import annotations

import numpy as np
import pytest

from dse.emulation.memory import DATA, RDATA, Memory, Region, dense_strides
from dse.errors import CompilerError

SPACE, CONSTANT = (0, DATA), (0, RDATA)


def _memory() -> Memory:
    constant = np.arange(6, dtype=np.float32).tobytes()
    return Memory(3, {SPACE: 50}, {CONSTANT: constant})


def test_a_part_of_a_tensor_is_written_in_place() -> None:
    """As a concatenation does: two halves of the channels, then all of them."""
    memory, strides = _memory(), (12, 6, 3, 1)
    memory.view(Region(SPACE, 4, "f4", (1, 1, 2, 3), strides))[...] = 1
    memory.view(Region(SPACE, 28, "f4", (1, 1, 1, 3), strides))[1] = 2
    whole = memory.view(Region(SPACE, 4, "f4", (1, 2, 2, 1), strides))
    assert whole.shape == (3, 1, 2, 2, 1)
    np.testing.assert_array_equal(whole[1].ravel(), [1, 1, 2, 0])
    np.testing.assert_array_equal(whole[0].ravel(), [1, 1, 0, 0])


def test_constants_are_the_same_for_all_pictures_and_not_written() -> None:
    view = _memory().view(Region(CONSTANT, 4, "f4", (2, 2), (1, 2)))
    np.testing.assert_array_equal(view, [[[1, 3], [2, 4]]])
    with pytest.raises(ValueError, match="read-only"):
        view[...] = 0


@pytest.mark.parametrize("space", [SPACE, CONSTANT, (1, DATA)])
def test_what_lies_outside_is_refused(space: tuple[int, int]) -> None:
    with pytest.raises(CompilerError, match="which has"):
        _memory().view(Region(space, 52, "f4", (2,), (1,)))


def test_dense_strides() -> None:
    assert dense_strides((1, 3, 4, 5)) == (60, 20, 5, 1)
