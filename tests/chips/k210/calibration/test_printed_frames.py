"""Printed operations find their steps: a network's own times come back."""

from __future__ import annotations

from pathlib import Path

import pytest

from dse.chips.k210.calibration.board_run import BoardRun
from dse.chips.k210.calibration.printed_frames import (
    PROFILE_CLOCK_HZ,
    PROFILED,
    Operation,
    frame_times,
)
from dse.chips.k210.cost.latency import step_time
from dse.chips.k210.cost.program import KNOWN_OPS, KPU_CONVOLUTIONS
from dse.chips.k210.target import K210Target


@pytest.fixture(scope="module")
def target() -> K210Target:
    return K210Target.load("k210")


def board(target: K210Target, network: str) -> BoardRun:
    return BoardRun.begin(Path("board.log"), target, network)


def test_every_convolution_finds_its_own_step(target: K210Target) -> None:
    run = board(target, "A63-a0.5-192")
    program = run.program(1)
    additions = {step.layer for step in program.steps if step.op == "concat"}
    frame, convolutions = list[Operation](), list[int]()
    for index, step in enumerate(program.steps):
        if step.op in KPU_CONVOLUTIONS and step.layer not in additions:
            parts = [index, *(i for i in program.readers[index] if program.steps[i].op[0] == "d")]
            ms = sum(step_time(program, program.steps[i], target).ms for i in parts)
            frame.append(Operation(len(frame) + 1, "0.2", "KPUConv2D", ms))
            convolutions.append(index)
    times = frame_times(run, frame)
    assert [one.steps[0] for one in times] == convolutions
    assert any(len(one.steps) == 2 for one in times) and any(len(one.steps) == 1 for one in times)
    for one in times:
        assert one.predicted_ms(target) == pytest.approx(one.ms)


def test_sums_of_runtime_19_make_the_whole(target: K210Target) -> None:
    run = board(target, "A98-a0.5-224")
    frame = [Operation(1, "1.9", name, 1.0) for name in PROFILED]
    times = frame_times(run, frame)
    whole = run.whole(1.0, 1).predicted_ms(target)
    assert sum(one.predicted_ms(target) for one in times) == pytest.approx(whole)
    assert times[0].ms == pytest.approx(PROFILE_CLOCK_HZ / target.cpu_clock_hz)


def test_profiled_names_stand_for_known_operations() -> None:
    ops = [op for kinds in PROFILED.values() for op in kinds]
    assert set(ops) <= set(KNOWN_OPS)
    assert len(ops) == len(set(ops))


def test_results_that_do_not_match_are_not_used(target: K210Target) -> None:
    run = board(target, "P8-a1-256")
    frame = [Operation(1, "0.2", "KPUConv2D", 0.5)] * 11
    dequantized = [Operation(12, "0.2", "Dequantize", 0.5)] * 2
    assert len(frame_times(run, frame + dequantized)) == 11
    assert len(frame_times(run, frame + dequantized[:1])) == 12


def test_nothing_printed_is_nothing(target: K210Target) -> None:
    assert frame_times(board(target, ""), []) == []
