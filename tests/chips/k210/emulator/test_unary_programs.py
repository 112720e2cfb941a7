"""Programs of one number in kmodel version 4 (`runtime/nnil.h` of nncase 0.2)."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.chips.k210.kmodel.nodes import UnaryProgram
from dse.errors import CompilerError, VerificationFailed
from tests.chips.k210.emulator.old_runs import numbers, run_node
from tests.chips.k210.old_kmodels import FLOAT

NOP, DUPLICATE, POP, ARGUMENT, ZERO, ONE, CONSTANT = range(7)
EXP, NEGATIVE, SQUARE, ADD, SUBTRACT, DIVIDE, MAXIMUM, CLAMP = (
    0x23, 0x26, 0x29, 0x40, 0x41, 0x43, 0x45, 0x80,
)  # fmt: skip
RETURN = bytes([0xA0])


def constant(number: float) -> bytes:
    return struct.pack("<Bf", CONSTANT, number)


def run(program: bytes) -> np.ndarray:
    """Of numbers (3, 1, 2, 4)."""
    return run_node(UnaryProgram, numbers(FLOAT, (1, 2, 4)), 8, tail=program)


def test_a_sigmoid() -> None:
    program = bytes([ONE, ONE, ARGUMENT, NEGATIVE, EXP, ADD, DIVIDE]) + RETURN
    x = numbers(FLOAT, (1, 2, 4)).reshape(3, 8)
    powers = np.exp(-x.astype(float)).astype(np.float32)
    np.testing.assert_array_equal(run(program), np.float32(1) / (np.float32(1) + powers))


def test_constants_and_the_order_of_operands() -> None:
    program = bytes([ARGUMENT, NOP, DUPLICATE, SQUARE]) + constant(2.5) + bytes([SUBTRACT, MAXIMUM])
    x = numbers(FLOAT, (1, 2, 4)).reshape(3, 8)
    np.testing.assert_array_equal(run(program + RETURN), np.maximum(x, x * x - np.float32(2.5)))
    program = bytes([ARGUMENT]) + constant(-1.5) + constant(2) + bytes([CLAMP, ZERO, POP])
    np.testing.assert_array_equal(run(program + RETURN), np.clip(x, -1.5, 2))


@pytest.mark.parametrize(
    ("program", "error", "words"),
    [
        (bytes([ARGUMENT]), VerificationFailed, "without an end"),
        (RETURN, VerificationFailed, "without an end"),
        (bytes([POP]) + RETURN, VerificationFailed, "stack"),
        (bytes([ONE, ADD]) + RETURN, VerificationFailed, "stack"),
        (bytes([ONE] * 65) + RETURN, VerificationFailed, "stack"),
        (bytes([ONE] * 7 + [CONSTANT]), VerificationFailed, "cut off"),
        (bytes([ONE, 0x2A]) + RETURN, CompilerError, "instruction 0x2a"),
    ],
)
def test_programs_that_make_no_sense_are_refused(
    program: bytes, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        run(program)


@given(st.binary(max_size=40))
def test_any_program_is_refused_or_runs(program: bytes) -> None:
    try:
        found = run(program)
    except (VerificationFailed, CompilerError) as error:
        assert error.hint
    else:
        assert found.shape == (3, 8)
