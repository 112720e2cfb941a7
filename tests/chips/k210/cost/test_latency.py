"""Times against what chips printed, and the shape of the formula."""

from dataclasses import replace
from typing import Any

import pytest

from dse import resources
from dse.chips.k210.calibration.log_tables import read_measurements
from dse.chips.k210.calibration.measurement import Measurement
from dse.chips.k210.cost.latency import step_time
from dse.chips.k210.cost.program import Program, Step
from dse.chips.k210.target import K210Target

MEASURED = [
    one
    for one in read_measurements(resources.folder("constraints") / "k210_times.csv")
    if one.fitted
]


@pytest.fixture(scope="module")
def target() -> K210Target:
    return K210Target.load("k210")


def time_of(op: str, target: K210Target, source: tuple[int, int, int], **values: Any) -> float:
    channels = values.pop("channels", source[2])
    before = Step("upload", "x", (), source)
    after = Step(op, "x", (0,), (*source[:2], channels), 1, **values)
    return step_time(Program((before, after), (1,)), after, target).ms


@pytest.mark.parametrize("one", MEASURED, ids=str)
def test_times_of_a_chip(one: Measurement, target: K210Target) -> None:
    tolerance = 0.05 if "kpu_depthwise" in one.ops else 0.015
    assert one.predicted_ms(target) == pytest.approx(one.ms, rel=tolerance)


def test_a_1x1_costs_nearly_as_much_as_a_3x3(target: K210Target) -> None:
    shape = (60, 80, 64)
    small = time_of("kpu_conv", target, shape, kernel=1, input_channels=64)
    large = time_of("kpu_conv", target, shape, kernel=3, input_channels=64)
    assert small < large < 1.03 * small


def test_a_narrow_map_shares_its_lines(target: K210Target) -> None:
    wide = time_of("kpu_conv", target, (16, 33, 256), kernel=1, input_channels=256)
    narrow = time_of("kpu_conv", target, (16, 16, 256), kernel=1, input_channels=256)
    assert 3 < wide / narrow < 4.2


def test_a_tiny_map_waits_for_its_weights(target: K210Target) -> None:
    """4x4 takes as long as 4x16 with the same weights, which come at the pace of DMA."""
    tiny = time_of("kpu_conv", target, (4, 4, 128), kernel=3, input_channels=128)
    row = time_of("kpu_conv", target, (4, 16, 128), kernel=3, input_channels=128)
    assert tiny == row == pytest.approx(9 * 128 * 128 * 0.573 / 400e6 * 1e3, rel=1e-3)


def test_rows_of_64_pixels_are_uploaded_in_one_piece(target: K210Target) -> None:
    assert time_of("upload", target, (64, 64, 16)) < 0.05 * time_of("upload", target, (64, 63, 16))


def test_clocks_count(target: K210Target) -> None:
    slow_kpu = replace(target, kpu_clock_hz=target.kpu_clock_hz // 2)
    slow_cpu = replace(target, cpu_clock_hz=target.cpu_clock_hz // 2)
    shape = (32, 32, 64)
    convolution, pad = (
        [time_of(op, chip, shape, input_channels=64) for chip in (target, slow_kpu, slow_cpu)]
        for op in ("kpu_conv", "pad")
    )
    assert convolution == pytest.approx([convolution[0], 2 * convolution[0], convolution[0]])
    assert pad == pytest.approx([pad[0], pad[0], 2 * pad[0]])


def test_a_convolution_that_the_kpu_leaves_is_dearer_than_in_a_program_without_it(
    target: K210Target,
) -> None:
    """nncase's float loop works with index vectors."""
    source = Step("dequantize", "x", (), (8, 8, 16), 4)
    after = Step("conv", "x", (0,), (8, 8, 16), 4, 1, 16)
    plain = step_time(Program((source, after), (1,)), after, target)
    beside = time_of("conv", target, (8, 8, 16), kernel=1, input_channels=16)
    assert plain.ms < beside
    assert beside == pytest.approx(64 * 256 * target.cpu_cycles_per_mac_beside_kpu[1] / 4e5)


def test_views_cost_no_time(target: K210Target) -> None:
    for op in ("input", "crop", "concat"):
        assert time_of(op, target, (16, 16, 8)) == 0


def test_the_band_holds_the_estimate(target: K210Target) -> None:
    before = Step("upload", "x", (), (16, 16, 8))
    for op in ("kpu_conv", "quantize", "conv", "pad", "copy", "maxpool", "upsample", "add"):
        after = Step(op, "x", (0,), (16, 16, 8), 1, 1, 8)
        time = step_time(Program((before, after), (1,)), after, target)
        assert 0 < time.low_ms < time.ms < time.high_ms
