from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.emulation import kernels
from dse.emulation.activation import activation_of
from dse.emulation.layer_tables import read_batch_norm, read_segments
from tests.emulation.kpu_tables import (
    LOWEST,
    Segment,
    clipping,
    curved,
    packed_norm,
    packed_segments,
    slow_levels,
)

pytestmark = pytest.mark.slow

NORM = [(1_900_000, 10, -5), (-3, 0, 7), (8_388_607, 15, 2**31 - 1), (0, 0, -(2**31))]


def test_registers_are_read_with_their_signs() -> None:
    norm = read_batch_norm(packed_norm(NORM), len(NORM))
    assert list(zip(norm.mul, norm.shift, norm.add, strict=True)) == NORM
    table = curved()
    found = read_segments(packed_segments(table))
    columns = (found.start, found.mul, found.shift, found.add)
    assert list(zip(*columns, strict=True)) == table


def _falling() -> list[Segment]:
    return [(LOWEST, 0, 0, 9), *((1000 * i, -7000 + 900 * i, 15, 90) for i in range(15))]


@pytest.mark.parametrize("table", [clipping(), curved(), curved(5), _falling()])
def test_levels_in_whole_numbers(table: list[Segment]) -> None:
    """NumPy's against Python's own."""
    z = np.random.default_rng(0).integers(-300_000, 1_900_000, 3000)
    found = read_segments(packed_segments(table)).levels(z)
    np.testing.assert_array_equal(found, slow_levels(z[None], [(1, 0, 0)], table)[0])


@given(seed=st.integers(0, 10_000), long=st.booleans())
def test_the_kernel_computes_what_the_chip_does(seed: int, long: bool) -> None:
    """Sums near the edges above all: one step off shows there."""
    rng = np.random.default_rng(seed)
    table = clipping() if long else curved(seed)
    norm = [
        (
            int(rng.integers(1000, 4_000_000)),
            int(rng.integers(4, 15)),
            int(rng.integers(-9999, 9999)),
        )
        for _ in range(2)
    ]
    spread = np.array([[2.0e6 * 2**shift / mul] for mul, shift, _ in norm])
    sums = np.round(rng.normal(0, spread, (2, 400))).clip(-(2**23), 2**23)
    segments = read_segments(packed_segments(table))
    activation = activation_of(segments, read_batch_norm(packed_norm(norm), 2), 2**23, np.float32)
    assert activation is not None
    assert (activation.slope > 0) or not long
    written = np.zeros((2, 403), np.uint8)
    kernels.activate(sums.astype(np.float32), activation, 3, written)
    np.testing.assert_array_equal(written[:, 3:], slow_levels(sums.astype(np.int64), norm, table))
    assert not written[:, :3].any()


def test_a_falling_segment_and_sums_too_large_are_left_to_whole_numbers() -> None:
    norm = read_batch_norm(packed_norm([(1_000_000, 10, 0)]), 1)
    assert activation_of(read_segments(packed_segments(_falling())), norm, 1000, np.float32) is None
    assert (
        activation_of(read_segments(packed_segments(clipping())), norm, 2**40, np.float64) is None
    )
