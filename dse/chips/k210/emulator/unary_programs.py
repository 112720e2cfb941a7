"""Functions of one number as kmodel version 4 writes them: `runtime/nnil.h` of nncase 0.2.

A program is a text of bytes for a stack machine without jumps, so it is compiled, once, to a list
of functions on a stack of arrays.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np

from dse.chips.k210.emulator.arithmetic import BINARY, UNARY
from dse.chips.k210.emulator.tensors import Tensors
from dse.machine_code import Array

__all__ = ["unary_program"]

Stack = list[Array]
Step = Callable[[Stack, Array], None]

NOP, DUPLICATE, POP, ARGUMENT, ZERO, ONE, CONSTANT = range(7)
FIRST_UNARY, FIRST_BINARY, CLAMP, RETURN = 0x20, 0x40, 0x80, 0xA0

DEEPEST = 64
"""Numbers on the runtime's stack."""

NEEDS = {
    DUPLICATE: (1, 2), POP: (1, 0), ARGUMENT: (0, 1), ZERO: (0, 1), ONE: (0, 1),
    CONSTANT: (0, 1), CLAMP: (3, 1),
}  # fmt: skip
"""Instruction -> how many numbers it takes from the stack and puts there."""


def unary_program(text: bytes, t: Tensors) -> tuple[Callable[[Array], Array], int]:
    """The function that `text` computes, and how many steps it takes.

    Raises as `Tensors.expect` and `Tensors.require`: for instructions that are not known, text
    without an end, and a stack that runs over or empty.
    """
    steps: list[Step] = []
    depth, place = 0, 0
    while place < len(text) and text[place] != RETURN:
        code = text[place]
        taken, put = _needs(code, t)
        t.require(depth >= taken and depth - taken + put <= DEEPEST, "such a stack")
        depth += put - taken
        number = 0.0
        if code == CONSTANT:
            t.require(place + 5 <= len(text), "a program that is cut off")
            (number,) = struct.unpack_from("<f", text, place + 1)
            place += 4
        if code != NOP:
            steps.append(_step(code, np.float32(number)))
        place += 1
    t.require(place < len(text) and depth > 0, "a program without an end")

    def run(numbers: Array) -> Array:
        stack: Stack = []
        for step in steps:
            step(stack, numbers)
        return stack[-1]

    return run, len(steps)


def _needs(code: int, t: Tensors) -> tuple[int, int]:
    if FIRST_UNARY <= code < FIRST_UNARY + len(UNARY):
        return 1, 1
    if FIRST_BINARY <= code < FIRST_BINARY + len(BINARY):
        return 2, 1
    t.expect(code == NOP or code in NEEDS, f"instruction {code:#x}")
    return NEEDS.get(code, (0, 0))


def _step(code: int, number: np.float32) -> Step:
    if code in (ARGUMENT, ZERO, ONE, CONSTANT):
        pushed = {ZERO: np.float32(0), ONE: np.float32(1), CONSTANT: number}.get(code)
        return lambda stack, given: stack.append(
            given if pushed is None else np.full_like(given, pushed)
        )
    if code == DUPLICATE:
        return lambda stack, given: stack.append(stack[-1])
    if code == POP:
        return lambda stack, given: stack.__delitem__(-1)
    count, function = _function(code)
    return lambda stack, given: stack.append(function(*[stack.pop() for _ in range(count)][::-1]))


def _function(code: int) -> tuple[int, Callable[..., Array]]:
    if code == CLAMP:
        return 3, np.clip
    if code >= FIRST_BINARY:
        return 2, BINARY[code - FIRST_BINARY]
    return 1, UNARY[code - FIRST_UNARY]
