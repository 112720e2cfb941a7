"""Cycles of the old runtimes' loops, and where they come from."""

import pytest

from dse.chips.k210.cost.older_loops import COUNTED_02, PRINTED, READ_01, old_loops
from dse.chips.k210.target import K210Target

TARGET = K210Target.load("k210")


@pytest.mark.parametrize("version", [3, 4])
def test_every_loop_has_a_band_around_what_is_likely(version: int) -> None:
    for name, (low, likely, high) in old_loops(version, TARGET).items():
        assert 0 < low <= likely <= high, name


def test_what_was_printed_is_not_estimated() -> None:
    assert not set(COUNTED_02) & set(PRINTED["0.2"])
    assert not set(READ_01) & set(PRINTED["0.1"])
    assert old_loops(3, TARGET)["dequantize"] == PRINTED["0.1"]["dequantize"]
    assert old_loops(4, TARGET)["dequantize"] == TARGET.cpu_cycles_per_dequantized_element
