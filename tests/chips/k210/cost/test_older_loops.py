"""Cycles of the old runtimes' loops, and where they come from."""

import pytest

from dse.chips.k210.cost.older_loops import COUNTED_02, READ_01, measured_cycles, old_loops
from dse.chips.k210.target import K210Target

TARGET = K210Target.load("k210")


def test_printed_times_are_those_of_the_table() -> None:
    """0.404 ms for 9,000 numbers at 400 MHz; 0.326 ms less the convolution for 9,000 bytes."""
    found = measured_cycles("0.1")
    assert found["dequantize"][1] == pytest.approx(0.404e-3 * 400e6 / 9000)
    convolution_ms = 0.326 - found["dma_output"][1] * 9000 / 400e6 * 1e3
    assert convolution_ms == pytest.approx(0.19, abs=0.005)


def test_an_addition_and_a_transposition_of_02_are_printed_times() -> None:
    found = measured_cycles("0.2")
    assert found["quantized_add"][1] == pytest.approx(80, abs=1)
    assert found["byte_transpose"][1] == pytest.approx(1.159e-3 * 400e6 / 7200)


@pytest.mark.parametrize("version", [3, 4])
def test_every_loop_has_a_band_around_what_is_likely(version: int) -> None:
    for name, (low, likely, high) in old_loops(version, TARGET).items():
        assert 0 < low <= likely <= high, name


def test_what_was_printed_is_not_estimated() -> None:
    assert not set(COUNTED_02) & set(measured_cycles("0.2"))
    assert not set(READ_01) & set(measured_cycles("0.1"))
    assert old_loops(3, TARGET)["dequantize"] == measured_cycles("0.1")["dequantize"]
    assert old_loops(4, TARGET)["dequantize"] == TARGET.cpu_cycles_per_dequantized_element
