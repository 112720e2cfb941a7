"""The CPU's code in a kmodel: a stack machine's text, read into a list of instructions.

nncase 1.9.0 writes no jumps: each operation pushes addresses and numbers, stores shapes in
registers and then calls one tensor function (`src/codegen/stackvm`). So the text is run once,
symbolically, and what is left is the tensor functions with all that they were given.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from dse.chips.k210.emulator.container import numpy_type
from dse.chips.k210.emulator.tensor_functions import FUNCTIONS, SIGNATURES
from dse.chips.k210.kmodel.kmodel_reader import expect
from dse.chips.k210.kmodel.kpu_layer import Address
from dse.errors import CompilerError

__all__ = ["MOST_STEPS", "Argument", "Instruction", "read_stack_code"]

MOST_STEPS = 2048
"""Operations of a program, on the CPU and on the accelerator. The deepest networks that fit the
chip have some hundreds."""


class Argument(NamedTuple):
    """A tensor handed to a function of another module; strides count elements."""

    address: Address
    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True)
class Instruction:
    """A tensor function and its operands by name, such as {"input": Address(3, 0), ...}."""

    name: str
    operands: dict[str, Any]


NOP, LOAD_INT, LOAD_0, LOAD_1, LOAD_FLOAT = 0x00, 0x02, 0x03, 0x04, 0x05
LOAD_ADDRESS, STORE_SHAPE, STORE_PADDINGS, RETURN, TENSOR = 0x17, 0x31, 0x32, 0x59, 0x5E

PUSHED: dict[str, type | tuple[type, ...]] = {"a": Address, "i": int, "f": (int, float)}
"""Kind of an operand on the stack, as in `SIGNATURES` -> what it must be."""


def read_stack_code(text: bytes) -> list[Instruction]:
    """The tensor functions that `text` calls, in order, each operand of the kind it must be.

    Raises CompilerError for an instruction or a tensor function that is not known here,
    VerificationFailed for text that ends too early or uses what it never stored.
    """
    machine = _Machine(text)
    while machine.position < len(text) and machine.step():
        pass
    return machine.instructions


@dataclass
class _Machine:
    """The stack, the registers and what was called so far."""

    text: bytes
    position: int = 0
    stack: list[Any] = field(default_factory=list)
    shapes: dict[int, tuple[int, ...]] = field(default_factory=dict)
    paddings: dict[int, tuple[tuple[int, int, int], ...]] = field(default_factory=dict)
    instructions: list[Instruction] = field(default_factory=list)

    def step(self) -> bool:
        """One instruction; False where the function returns."""
        code = self.take("B")
        if code == LOAD_INT:
            self.stack.append(self.take("i"))
        elif code in (LOAD_0, LOAD_1):
            self.stack.append(code - LOAD_0)
        elif code == LOAD_FLOAT:
            self.stack.append(self.take("f"))
        elif code == LOAD_ADDRESS:
            location, _, offset = self.take("B"), self.take("B"), self.take("I")
            self.stack.append(Address(location, offset))
        elif code in (STORE_SHAPE, STORE_PADDINGS):
            self.store(code)
        elif code == TENSOR:
            self.call(self.take("H"))
        elif code not in (NOP, RETURN):
            raise _unknown(f"instruction 0x{code:02x} of the stack machine")
        return bool(code != RETURN)

    def take(self, code: str) -> Any:
        """The next number of the text."""
        end = self.position + struct.calcsize(f"<{code}")
        expect(end <= len(self.text), f"code ends within an instruction, at {len(self.text)}")
        (value,) = struct.unpack_from(f"<{code}", self.text, self.position)
        self.position = end
        return value

    def pop(self, kinds: str) -> list[Any]:
        """The last values pushed, one of each kind, the first pushed first."""
        first = len(self.stack) - len(kinds)
        expect(first >= 0, f"code takes {len(kinds)} operands, {len(self.stack)} were given")
        values = self.stack[first:]
        del self.stack[first:]
        for kind, value in zip(kinds, values, strict=True):
            expect(isinstance(value, PUSHED[kind]), f"code takes {value} for another operand")
        return values

    def store(self, code: int) -> None:
        register, rank = self.take("B"), self.take("B")
        if code == STORE_SHAPE:
            self.shapes[register] = tuple(self.pop("i" * rank))
        else:
            numbers = self.pop("iii" * rank)
            self.paddings[register] = tuple(
                (numbers[i], numbers[i + 1], numbers[i + 2]) for i in range(0, 3 * rank, 3)
            )

    def call(self, function: int) -> None:
        if function not in SIGNATURES:
            names = FUNCTIONS[function : function + 1] or (f"number {function}",)
            raise _unknown(f"the CPU's operation '{names[0]}'")
        expect(len(self.instructions) < MOST_STEPS, f"code has over {MOST_STEPS} operations")
        name, fields, pushed = SIGNATURES[function]
        operands = {key: self.field(kind) for key, kind in _pairs(fields)}
        given = _pairs(pushed)
        values = self.pop("".join(kind for _, kind in given))
        operands.update(zip((key for key, _ in given), values, strict=True))
        if name == "call":
            operands["outputs"] = self.arguments(operands["outputs"])
            operands["inputs"] = self.arguments(operands["inputs"])
        self.instructions.append(Instruction(name, operands))

    def field(self, kind: str) -> Any:
        if kind == "t":
            return numpy_type(self.take("B"))
        if kind in "sp":
            registers: dict[int, Any] = self.shapes if kind == "s" else self.paddings
            return self.stored(registers, self.take("B"))
        return self.take(kind)

    def stored(self, registers: dict[int, Any], number: int) -> Any:
        expect(number in registers, f"code uses register {number}, where nothing was stored")
        return registers[number]

    def arguments(self, count: int) -> tuple[Argument, ...]:
        """Tensors pushed as address, data type, register of the shape, register of strides."""
        found = []
        for _ in range(count):
            address, data_type, *registers = self.pop("aiii")
            shape, strides = (self.stored(self.shapes, number) for number in registers)
            found.append(Argument(address, numpy_type(data_type), shape, strides))
        return tuple(reversed(found))


def _pairs(words: str) -> list[tuple[str, str]]:
    """(name, kind) of each word of a signature, such as "output:a"."""
    return [(name, kind) for name, _, kind in (word.partition(":") for word in words.split())]


def _unknown(what: str) -> CompilerError:
    return CompilerError(
        f"the emulator does not know {what}", "measure this kmodel with the simulator"
    )
