"""Lines as boards print them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dse.chips.k210.calibration.board_run import BoardRun
from dse.chips.k210.calibration.log_prints import Printed, read_prints
from dse.chips.k210.target import K210Target
from dse.errors import InvalidFile

CONVOLUTIONS = 11
"""Of P8-a1-256."""


def read(text: str, network: str = "P8-a1-256") -> Printed:
    run = BoardRun.begin(Path("board.log"), K210Target.load("k210"), network)
    return read_prints(run, list(enumerate(text.splitlines(), start=1)))


def test_our_own_programs_line() -> None:
    printed = read("network=A63-a0.35-128 kpu_mhz=300\nframe=1 run_ms=7.25, decode_ms=0.4")
    (one,) = printed.times
    assert (one.name, one.ms, one.source) == ("A63-a0.35-128", 7.25, "board.log:2")
    assert one.kpu_clock_hz == 300_000_000
    assert not printed.ignored


def test_a_network_is_that_of_its_classes() -> None:
    text = "network=P5-a1-256-r5 classes=10\nrun_ms=5\nnetwork=P5-a1-256-r5\nrun_ms=4"
    ten, one = (time.program.steps[-1].shape[-1] for time in read(text).times)
    assert (ten, one) == (5 * 15, 5 * 6)


def test_settings_and_a_time_in_one_line() -> None:
    (one,) = read("network=A63-a0.35-128 run_ms=7.25").times
    assert (one.name, one.ms) == ("A63-a0.35-128", 7.25)


def test_settings_hold_until_they_change() -> None:
    text = "run_ms=1\ncpu_mhz=500\nrun_ms=2\nnetwork=A63-a0.35-128\nrun_ms=3"
    found = [(one.name, one.cpu_clock_hz // 1_000_000, one.ms) for one in read(text).times]
    assert found == [("P8-a1-256", 400, 1), ("P8-a1-256", 500, 2), ("A63-a0.35-128", 500, 3)]


def test_runtime_1_prints_whole_networks() -> None:
    (one,) = read("run kmodel takes 129.057007 ms. ").times
    assert (one.name, one.ms) == ("P8-a1-256", 129.057007)


def test_runtime_02_prints_operations() -> None:
    lines = ["DMA upload took 328 us", *["KPUConv2D: 0.514000ms"] * CONVOLUTIONS]
    lines += ["Dequantize: 9.357000ms", "Total: 36.666000ms"]
    times = read("\n".join(lines * 2)).times
    assert len(times) == 2 * (CONVOLUTIONS + 2)
    assert times[0].name == "P8-a1-256: input upload"
    assert times[0].ms == pytest.approx(0.328)
    assert times[CONVOLUTIONS].name == "P8-a1-256: head kpu_conv+download"
    assert times[CONVOLUTIONS + 1].name == "P8-a1-256: head dequantize"
    assert {one.runtime for one in times} == {"0.2"}


def test_runtime_01_prints_operations() -> None:
    lines = [f"layer {i} [K210Conv]: 0.206000 ms" for i in range(CONVOLUTIONS)]
    lines += ["layer 11 [Dequantize]: 0.404000 ms", "KPU: 2.2 ms", "CPU: 0.4 ms", "Model: 2.6 ms"]
    printed = read("\n".join(lines))
    assert len(printed.times) == CONVOLUTIONS - 1  # the last one's output goes by DMA
    assert printed.ignored == [12, 13, 14]


def test_runtime_19_prints_sums_at_the_clock_of_another_chip() -> None:
    text = """
stackvm OPs profile
|stackvm tensor op             |timing(ms)  |percent(%)  |
|---                           |---         |---         |
|tensor_call                   |1.75        |87.5        |
|tensor_dequantize             |0.25        |12.5        |
|tensor_something              |0.1         |4           |
|total                         |2.1         |100         |
"""
    call, dequantize = read(text).times
    assert call.name == "P8-a1-256: tensor_call"
    assert call.ms == pytest.approx(1.75 * 1600 / 400)
    ops = {call.program.steps[index].op for index in call.steps}
    assert ops == {"upload", "kpu_conv", "download"}
    assert dequantize.ms == pytest.approx(1.0)


def test_a_time_too_short_for_the_clock_keeps_its_place() -> None:
    lines = ["KPUConv2D: 0.5ms"] * CONVOLUTIONS
    lines[3] = "KPUConv2D: 0.000000ms"
    names = [one.name for one in read("\n".join(lines)).times]
    assert len(names) == CONVOLUTIONS - 1
    assert "P8-a1-256: conv_4 kpu_conv" not in names


def test_another_number_of_convolutions_is_another_network() -> None:
    with pytest.raises(InvalidFile, match=r"board\.log:2: 10 times KPUConv2D up to line 11"):
        read("\n".join(["boot", *["KPUConv2D: 0.5ms"] * (CONVOLUTIONS - 1), "Total: 5ms"]))


@pytest.mark.parametrize(
    "line", ["run_ms=soon", "run_ms=-3", "kpu_mhz=fast", "KPUConv2D: 0.5.1ms", "runtime=7"]
)
def test_a_wrong_value_is_named_with_its_line(line: str) -> None:
    with pytest.raises(InvalidFile, match=r"board\.log:2: "):
        read(f"boot\n{line}")


def test_a_time_of_no_network() -> None:
    with pytest.raises(InvalidFile, match=r"board\.log:1: a time of which network"):
        read("run_ms=3", network="")


def test_other_lines_are_counted() -> None:
    assert read("boot\nrun_ms=3\n\x1b[0mgarbage = x\ntime: 300ms").ignored == [1, 3, 4]
