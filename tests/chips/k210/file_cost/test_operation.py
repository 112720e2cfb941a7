"""Sizes that a file may claim, and what the steps of an operation come to."""

import pytest

from dse.chips.k210.cost.latency import Duration
from dse.chips.k210.file_cost.operation import FileStep, Operation, elements_of, loop_time, unknown
from dse.chips.k210.target import K210Target
from dse.errors import CompilerError, VerificationFailed


def test_numbers_of_a_tensor() -> None:
    assert elements_of((2, 3, 4), "it") == 24
    for sides in ((2, 0), (2, -3), (1 << 20, 1 << 20)):
        with pytest.raises(VerificationFailed, match="a tensor of 'it'"):
            elements_of(sides, "it")


def test_rounds_of_a_loop_take_cycles_of_the_cpu() -> None:
    target = K210Target.load("k210")
    found = loop_time((1, 2, 4), target.cpu_clock_hz // 1000, target)
    assert found == pytest.approx(Duration(2, 1, 4))


def test_an_operation_takes_what_its_steps_take() -> None:
    step = FileStep("x", "cpu", (1, 1, 1), Duration(2, 1, 3))
    assert Operation("1 x", "x", (step, step)).time == Duration(4, 2, 6)


def test_what_is_not_known_says_so_and_takes_no_time() -> None:
    found = unknown("7", CompilerError("the emulator does not know operation 'fold'"))
    assert (found.name, found.op, found.known) == ("7", "operation 'fold'", False)
    assert found.time == Duration(0, 0, 0)
