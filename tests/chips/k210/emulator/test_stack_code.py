from __future__ import annotations

import struct

import pytest

from dse.chips.k210.emulator.stack_code import read_stack_code
from dse.chips.k210.emulator.tensor_functions import FUNCTIONS, SIGNATURES
from dse.chips.k210.kmodel.kpu_layer import Address
from dse.errors import CompilerError


def _push(*numbers: int) -> bytes:
    return b"".join(struct.pack("<Bi", 0x02, number) for number in numbers)


def _address(location: int, offset: int) -> bytes:
    return struct.pack("<BBBI", 0x17, location, 0, offset)


def _shape(register: int, *sides: int) -> bytes:
    return _push(*sides) + bytes([0x31, register, len(sides)])


def test_a_pad_with_its_registers() -> None:
    text = b"".join(
        [
            _address(0, 4), _address(3, 128), struct.pack("<Bf", 0x05, 1.5),
            _shape(0, 2, 3), _shape(1, 3, 1), _shape(2, 5, 1),
            _push(0, 0, 0, 1, -2, 0), bytes([0x32, 0, 2]),
            struct.pack("<BHBBBBBB", 0x5E, 0x13, 9, 0, 1, 2, 0, 0), bytes([0x59]), b"garbage",
        ]
    )  # fmt: skip
    (pad,) = read_stack_code(text)
    assert pad.name == "pad"
    assert pad.operands == {
        "type": "f4", "shape": (2, 3), "in_strides": (3, 1), "out_strides": (5, 1),
        "paddings": ((0, 0, 0), (1, -2, 0)), "mode": 0, "input": Address(0, 4),
        "output": Address(3, 128), "value": 1.5,
    }  # fmt: skip


def test_names_and_numbers_agree() -> None:
    assert all(FUNCTIONS[number] == name for number, (name, *_) in SIGNATURES.items())
    assert FUNCTIONS[0x2B] == "gather_elements"


def test_an_unknown_instruction_is_named() -> None:
    with pytest.raises(CompilerError, match="0x56"):
        read_stack_code(bytes([0x56, 0, 0, 0, 0]))
    with pytest.raises(CompilerError, match="'softmax'"):
        read_stack_code(struct.pack("<BH", 0x5E, 0x1F))
    with pytest.raises(CompilerError, match="number 999"):
        read_stack_code(struct.pack("<BH", 0x5E, 999))
