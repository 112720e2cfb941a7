from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.chips.k210.emulator.kpu_memory import KPU, kpu_tensor
from dse.chips.k210.emulator.memory import Memory, Region, Spaces
from dse.chips.k210.kmodel.kpu_layer import KpuMap
from dse.errors import VerificationFailed

SIDES = st.integers(1, 90)


@given(st.integers(1, 9), st.integers(1, 5), SIDES, st.integers(1, 3), st.integers(0, 40))
def test_maps_lie_in_rows_as_the_accelerator_wants_them(
    channels: int, height: int, width: int, batches: int, row: int
) -> None:
    """Where each pixel lies: `get_kpu_row_layout` of nncase."""
    spaces = Spaces({KPU: 1 << 18}, {})
    where = KpuMap(64 * row, channels, height, width, batches)
    tensor, memory = kpu_tensor(spaces, where), Memory(2, spaces)
    shape = (channels, 2 * batches, height, width)
    maps = np.random.default_rng(width).integers(1, 256, shape, dtype=np.uint8)
    tensor.write(memory, maps)
    whole = memory.view(Region(spaces, KPU, 0, "u1", (1 << 18,), (1,)))
    groups, length, pitch = (4, 1, 16) if width <= 16 else (2, 1, 32) if width <= 32 else (1, 0, 64)
    length = length or -(-width // 64)
    one_map = 64 * length * height * -(-channels // groups)
    for c, (picture, batch), y in (
        (c, divmod(n, batches), y)
        for c in range(channels)
        for n in range(2 * batches)
        for y in range(height)
    ):
        start = 64 * row + batch * one_map + c // groups * length * height * 64
        start += c % groups * pitch + y * length * 64
        line = whole[picture, start : start + width]
        np.testing.assert_array_equal(line, maps[c, picture * batches + batch, y])
    assert np.count_nonzero(whole) == maps.size
    np.testing.assert_array_equal(tensor.read(memory), maps)


def test_maps_that_leave_the_memory_are_refused() -> None:
    with pytest.raises(VerificationFailed, match="ends at"):
        kpu_tensor(Spaces({KPU: 1000}, {}), KpuMap(0, 3, 4, 100))
