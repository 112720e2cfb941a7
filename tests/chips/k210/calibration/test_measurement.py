"""Times of operations and of steps of networks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dse.chips.k210.calibration.board_run import BoardRun
from dse.chips.k210.calibration.measurement import NetworkTime
from dse.chips.k210.cost.price import price
from dse.chips.k210.target import K210Target
from dse.chips.subject import resolve

TARGET = K210Target.load("k210")


def whole(network: str) -> NetworkTime:
    run = replace(BoardRun.begin(Path("board.log"), TARGET), network=network)
    return run.whole(1.0, 1)


@pytest.mark.parametrize("network", ["P8-a1-256", "A98-a0.5-224-kpu8"])
def test_a_whole_network_is_predicted_as_check_does(network: str) -> None:
    cost = price(resolve(network, "kpu8").graph, "kpu8", TARGET)
    assert whole(network).predicted_ms(TARGET) == pytest.approx(cost.latency_ms)


def test_at_its_own_clocks() -> None:
    one = whole("P8-a1-256")
    slower = replace(one, kpu_clock_hz=one.kpu_clock_hz // 2, cpu_clock_hz=one.cpu_clock_hz // 2)
    assert slower.predicted_ms(TARGET) == pytest.approx(2 * one.predicted_ms(TARGET))


def test_equal_layers_are_equal_work() -> None:
    """conv_7 and conv_8 are alike, conv_2 is another."""
    one = whole("P8-a1-256")
    steps = {step.layer: index for index, step in enumerate(one.program.steps)}
    alike, other = (replace(one, steps=(steps[name],)) for name in ("conv_8", "conv_2"))
    assert replace(one, steps=(steps["conv_7"],)).shape == alike.shape != other.shape
