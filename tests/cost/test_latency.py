"""Times against what a chip printed: nncase thread 77, a face detector at 400 MHz."""

import pytest

from dse.cost.latency import step_time
from dse.cost.program import Program, Step
from dse.cost.target import Target

MEASURED = [
    # op, kernel, channels in, out, height, width, milliseconds
    ("kpu_conv", 3, 3, 16, 240, 320, 0.206),
    ("kpu_depthwise", 3, 16, 16, 120, 160, 0.039),
    ("kpu_conv", 1, 16, 32, 120, 160, 0.514),
    ("kpu_depthwise", 3, 32, 32, 60, 80, 0.029),
    ("kpu_conv", 1, 32, 64, 60, 80, 0.680),
    ("kpu_depthwise", 3, 64, 64, 60, 80, 0.053),
    ("kpu_conv", 1, 64, 64, 60, 80, 1.328),
    ("kpu_depthwise", 3, 64, 64, 30, 40, 0.020),
    ("kpu_conv", 1, 64, 128, 30, 40, 0.704),
    ("kpu_depthwise", 3, 128, 128, 30, 40, 0.034),
    ("kpu_conv", 1, 128, 128, 30, 40, 1.385),
    ("kpu_depthwise", 3, 128, 128, 15, 20, 0.016),
    ("kpu_conv", 1, 128, 256, 15, 20, 0.781),
    ("kpu_conv", 1, 256, 256, 15, 20, 1.522),
]


@pytest.fixture(scope="module")
def target() -> Target:
    return Target.load("k210")


def time_of(op: str, target: Target, source: tuple[int, int, int], **values: int) -> float:
    channels = values.pop("channels", source[2])
    before = Step("upload", "x", (), source)
    after = Step(op, "x", (0,), (*source[:2], channels), 1, **values)
    return step_time(Program((before, after), (1,)), after, target).ms


@pytest.mark.parametrize(("op", "kernel", "inside", "out", "height", "width", "ms"), MEASURED)
def test_layer_times_of_a_chip(
    op: str, kernel: int, inside: int, out: int, height: int, width: int, ms: float, target: Target
) -> None:
    shape = (height, width, inside)
    ours = time_of(op, target, shape, channels=out, kernel=kernel, input_channels=inside)
    assert ours == pytest.approx(ms, rel=0.01 if op == "kpu_conv" else 0.08)


def test_a_1x1_costs_nearly_as_much_as_a_3x3(target: Target) -> None:
    shape = (60, 80, 64)
    small = time_of("kpu_conv", target, shape, kernel=1, input_channels=64)
    large = time_of("kpu_conv", target, shape, kernel=3, input_channels=64)
    assert small < large < 1.03 * small


def test_a_narrow_map_shares_its_lines(target: Target) -> None:
    wide = time_of("kpu_conv", target, (16, 33, 256), kernel=1, input_channels=256)
    narrow = time_of("kpu_conv", target, (16, 16, 256), kernel=1, input_channels=256)
    assert 3 < wide / narrow < 4.2


@pytest.mark.parametrize(
    ("op", "source", "ms"),
    [
        ("download", (60, 80, 64), 26.3),  # thread 96: 26.563 ms less the convolution
        ("dequantize", (60, 80, 64), 9.357),
        ("upload", (60, 80, 64), 20.367),
        ("upload", (240, 320, 3), 0.329),  # rows of 320 go by DMA
    ],
)
def test_transfers_of_a_chip(
    op: str, source: tuple[int, int, int], ms: float, target: Target
) -> None:
    assert time_of(op, target, source) == pytest.approx(ms, rel=0.01)


def test_views_cost_no_time(target: Target) -> None:
    for op in ("input", "crop", "concat"):
        assert time_of(op, target, (16, 16, 8)) == 0


def test_the_band_holds_the_estimate(target: Target) -> None:
    before = Step("upload", "x", (), (16, 16, 8))
    for op in ("kpu_conv", "quantize", "conv", "pad"):
        after = Step(op, "x", (0,), (16, 16, 8), 1, 1, 8)
        time = step_time(Program((before, after), (1,)), after, target)
        assert 0 < time.low_ms < time.ms < time.high_ms
