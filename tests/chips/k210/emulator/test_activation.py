from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.chips.k210.emulator import kernels
from dse.chips.k210.emulator.activation import activation_of
from dse.chips.k210.emulator.layer_tables import read_batch_norm, read_segments
from tests.chips.k210.emulator.kpu_tables import (
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


@pytest.mark.parametrize("table", [[((1 << 35) - 1, 0, 0, 9)] * 16, [(0, 20000, 255, 0)] * 16])
def test_tables_that_no_compiler_writes_have_no_exact_activation_or_one(
    table: list[Segment],
) -> None:
    """All segments beyond the highest z; a shift of more bits than there are."""
    norm = read_batch_norm(packed_norm([(1_000_000, 10, 0)]), 1)
    activation = activation_of(read_segments(packed_segments(table)), norm, 1000, np.float32)
    assert activation is None or np.isfinite(activation.slopes).all()


START = st.integers(LOWEST, (1 << 35) - 1) | st.integers(-2000, 2000)
PIECES = st.tuples(START, st.integers(-9, 32767), st.integers(0, 255), st.integers(0, 255))
NORMS = st.tuples(st.integers(-9, 1 << 22), st.integers(0, 15), st.integers(-(2**31), 2**31 - 1))


@given(
    st.lists(PIECES, min_size=16, max_size=16).map(sorted),
    st.lists(NORMS, min_size=2, max_size=2),
)
def test_any_table_gives_levels(table: list[Segment], norm: list[tuple[int, int, int]]) -> None:
    """Whatever a file holds there: levels come out, by one way or the other."""
    segments, batch_norm = (
        read_segments(packed_segments(table)),
        read_batch_norm(packed_norm(norm), 2),
    )
    sums = np.array([[-5e6, 0, 3, 9e6]] * 2, np.float32)
    with np.errstate(all="ignore"):
        activation = activation_of(segments, batch_norm, 2**23, np.float32)
        if activation is not None:
            kernels.activate(sums, activation, 0, np.zeros((2, 4), np.uint8))
        levels = segments.levels(batch_norm.z(sums.astype(np.int64)))
    assert levels.min() >= 0 and levels.max() <= 255
