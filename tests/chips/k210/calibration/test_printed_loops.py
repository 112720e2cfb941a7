"""What older runtimes printed, and the figures that the cost model keeps of it."""

import pytest

from dse.chips.k210.calibration.printed_loops import printed_cycles
from dse.chips.k210.cost.older_loops import PRINTED


@pytest.mark.parametrize("runtime", sorted(PRINTED))
def test_the_cost_model_keeps_what_was_printed(runtime: str) -> None:
    found, kept = printed_cycles(runtime), PRINTED[runtime]
    assert set(found) == set(kept)
    for loop, cycles in found.items():
        assert kept[loop] == pytest.approx(cycles, rel=0.005), loop


def test_printed_times_are_those_of_the_table() -> None:
    """0.404 ms for 9,000 numbers at 400 MHz; 0.326 ms less the convolution for 9,000 bytes."""
    found = printed_cycles("0.1")
    assert found["dequantize"][1] == pytest.approx(0.404e-3 * 400e6 / 9000)
    convolution_ms = 0.326 - found["dma_output"][1] * 9000 / 400e6 * 1e3
    assert convolution_ms == pytest.approx(0.19, abs=0.005)


def test_an_addition_and_a_transposition_of_02_are_printed_times() -> None:
    found = printed_cycles("0.2")
    assert found["quantized_add"][1] == pytest.approx(80, abs=1)
    assert found["byte_transpose"][1] == pytest.approx(1.159e-3 * 400e6 / 7200)
