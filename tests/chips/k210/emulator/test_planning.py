"""Programs written by hand: what is planned of them, and what is refused."""

from __future__ import annotations

import struct

import pytest

from dse.chips.k210.emulator.container import Code, CodeModule, Container, Tensor
from dse.chips.k210.emulator.planning import plan
from dse.chips.k210.emulator.steps import Copied
from dse.errors import CompilerError, VerificationFailed

KPU = 64
PICTURE = Tensor(0, 3 * 8 * 8, "u1", (1, 3, 8, 8))
MAPS = Tensor(0, 4 * 8 * 8, "u1", (1, 4, 8, 8))


def push(*numbers: int) -> bytes:
    return b"".join(struct.pack("<Bi", 0x02, number) for number in numbers)


def address(location: int, offset: int = 0) -> bytes:
    return struct.pack("<BBBI", 0x17, location, 0, offset)


def shape(register: int, *sides: int) -> bytes:
    return push(*sides) + bytes([0x31, register, len(sides)])


def tensor(number: int, location: int, *sides: int) -> bytes:
    """An argument, in registers of its own."""
    strides = [1]
    for side in reversed(sides[1:]):
        strides.insert(0, side * strides[0])
    stored = shape(2 * number, *sides) + shape(2 * number + 1, *strides)
    return stored + address(location) + push(4, 2 * number, 2 * number + 1)


def call(module: int = 1, function: int = 0, inputs: int = 1, outputs: int = 1) -> bytes:
    return struct.pack("<BHIHBB", 0x5E, 0x03, function, module, inputs, outputs)


CALL = tensor(0, 0, 1, 3, 8, 8) + tensor(1, 1, 1, 4, 8, 8) + call()


def memory_range(location: int, offset: int, size: int = 1) -> bytes:
    return struct.pack("<BBHII", location, 4, 0, offset, size)


def transfer(code: int, source: bytes, target: bytes, *sides: int) -> bytes:
    return struct.pack("<B3x12s12s4I", code, source, target, 1, *sides)


def layer(
    inputs: int = 3, outputs: int = 4, side: int = 8, written_side: int = 8, *, depthwise: int = 0,
    kernel: int = 0, pool: int = 0, row: int = 64, weights: int = 0, norm: int = 200,
    table: int = 300, location: int = 2,
) -> bytes:  # fmt: skip
    """Reads the map at 0, writes one at `row` times 64 bytes."""
    registers = [0] * 12
    registers[0] = depthwise << 3
    registers[1] = row << 32
    registers[2] = (inputs - 1) | (outputs - 1) << 32
    registers[3] = (side - 1) * (1 + (1 << 10)) | (written_side - 1) * ((1 << 32) + (1 << 42))
    registers[4] = kernel | pool << 4
    constants = [memory_range(location, offset) for offset in (weights, norm, table)]
    return struct.pack("<B3x12s12s12s12sI12Q", 2, *constants, bytes(12), 1, *registers)


UPLOAD = transfer(0, memory_range(0, 0), memory_range(KPU, 0), 3, 8, 8)
DOWNLOAD = transfer(1, memory_range(KPU, 64 * 64), memory_range(1, 0), 4, 8, 8)


def program(main: bytes, kpu: bytes = b"", rdata_bytes: int = 500) -> Container:
    caller = CodeModule("stackvm", b"", 64, (Code((PICTURE,), (MAPS,), main),))
    called = CodeModule("k210", bytes(rdata_bytes), 0, (Code((PICTURE,), (MAPS,), kpu),))
    return Container((caller, called), (0, 0))


def test_an_upload_a_layer_and_a_download() -> None:
    planned = plan(program(CALL, UPLOAD + layer() + DOWNLOAD))
    assert [type(step).__name__ for step in planned.steps] == [
        "Uploaded", "PlannedLayer", "Downloaded",
    ]  # fmt: skip
    assert [region.shape for region in planned.inputs] == [(1, 3, 8, 8)]
    assert planned.spaces.bytes_a_picture == 64 + 7 * 64


@pytest.mark.parametrize(
    ("kpu", "why"),
    [
        (transfer(0, memory_range(0, 0), memory_range(KPU, 0), 3, 8, 9), "ends at 216"),
        (transfer(0, memory_range(0, 0), memory_range(KPU, 0), 3, 8, 0), "has shape"),
        (transfer(0, memory_range(0, 0), memory_range(KPU, 1 << 21), 3, 8, 8), "accelerator's"),
        (transfer(0, memory_range(0, 0), memory_range(KPU, 0), 1 << 31, 1, 1), "accelerator's"),
        (transfer(0, memory_range(0, 0), memory_range(3, 0), 3, 8, 8), "takes memory 3"),
        (transfer(0, memory_range(2, 400), memory_range(KPU, 0), 3, 8, 8), "ends at 592"),
        (UPLOAD + layer(row=(1 << 15) - 1), "accelerator's"),
        (UPLOAD + layer(written_side=16), "makes maps"),
        (UPLOAD + layer(pool=1), "makes maps"),
        (UPLOAD + layer(side=1, pool=5), "makes maps"),
        (UPLOAD + layer(outputs=4, depthwise=1), "makes maps"),  # it would read 4 filters of 3
        (UPLOAD + layer(weights=490), "weights end at 502"),
        (UPLOAD + layer(kernel=1, weights=400), "weights end at 508"),
        (UPLOAD + layer(norm=480), "normalisation end at 512"),
        (UPLOAD + layer(table=400), "activation end at 544"),
        (UPLOAD + layer(weights=(1 << 32) - 1), "weights end at 4294967307"),
        (UPLOAD + layer(location=3), "lie in memory 3"),
        (UPLOAD + layer()[:-1], "within an operation"),
        (UPLOAD + layer() + transfer(1, memory_range(KPU, 4096), memory_range(2, 0), 4, 8, 8),
         "is a constant, and written"),
    ],
)  # fmt: skip
def test_layers_that_leave_their_memory_are_refused(kpu: bytes, why: str) -> None:
    with pytest.raises(VerificationFailed, match=why):
        plan(program(CALL, kpu))


@pytest.mark.parametrize(
    ("kpu", "why"),
    [
        (UPLOAD + layer(kernel=2), "kernel of type 2"),
        (UPLOAD + layer(pool=10), "pool of type 10"),
        (layer(), "which no layer wrote"),
        (b"\x07", "operation 7"),
    ],
)
def test_layers_that_are_not_known_are_named(kpu: bytes, why: str) -> None:
    with pytest.raises(CompilerError, match=why):
        plan(program(CALL, kpu))


def copied(source: bytes, target: bytes) -> bytes:
    """Four maps of 8 x 8, by the accelerator's module; strides as dense."""
    dense = (256, 64, 8, 1)
    return struct.pack("<B3x12s12s12I", 3, source, target, 1, 4, 8, 8, *dense, *dense)


def test_a_copy_finds_the_tensors_that_the_caller_gave() -> None:
    kpu = UPLOAD + layer() + DOWNLOAD + copied(memory_range(1, 0), memory_range(1, 0))
    step = plan(program(CALL, kpu)).steps[-1]
    assert isinstance(step, Copied)
    assert (step.source.space, step.source.offset) == ((0, 1), 0)
    assert (step.target.space, step.target.offset) == ((0, 1), 0)


def test_a_copy_from_within_a_given_tensor_is_refused_as_by_the_runtime() -> None:
    kpu = UPLOAD + layer() + DOWNLOAD + copied(memory_range(1, 9), memory_range(1, 0))
    with pytest.raises(CompilerError, match="nncase's own runtime refuses"):
        plan(program(CALL, kpu))


@pytest.mark.parametrize(
    ("main", "why"),
    [
        (call(), "takes 4 operands, 0 were given"),
        (tensor(0, 0, 1, 3, 8, 8) + call(outputs=0), "another number of tensors"),
        (CALL.replace(call(), call(module=7)), "module 7, there are 2"),
        (CALL.replace(call(), call(function=7)), "function 7, there are 1"),
        (push(1, 2, 3, 4) + call(), "takes 1 for another operand"),
        (address(0) + push(4, 9, 9) + call(outputs=0), "register 9"),
        (b"\x31\x00\x04", "takes 4 operands"),
        (b"\x02\x00", "within an instruction"),
    ],
)
def test_code_that_uses_what_it_never_stored_is_refused(main: bytes, why: str) -> None:
    with pytest.raises(VerificationFailed, match=why):
        plan(program(main, UPLOAD + layer() + DOWNLOAD))


def test_a_caller_must_be_the_cpu() -> None:
    whole = program(CALL)
    with pytest.raises(VerificationFailed, match="no code to begin with"):
        plan(Container(whole.modules, (1, 0)))


def copy(*sides: int) -> bytes:
    """Of the input onto the output."""
    strides = shape(0, *sides) + shape(1, *[1] * len(sides))
    return strides + address(0) + address(1) + struct.pack("<BHBBBB", 0x5E, 0x09, 4, 0, 1, 1)


def window(side: int) -> bytes:
    """The maximum of side * side numbers, float32, of as many that lie around the picture."""
    pads = push(0, side - 1, 0, 0, side - 1, 0)
    operands = shape(0, 1, 1, 1, 1) + address(0) + push(0) + address(1) + pads
    fields = (9, 2, 0, 0, 0, side, side, side, side, 1, 1, 0.0, 1.0)
    return operands + struct.pack("<BHBBBBBHHHHHHff", 0x5E, 0x1A, *fields)


@pytest.mark.parametrize(
    ("main", "kpu", "why"),
    [
        (copy(1, 1) * 2049, b"", "over 2048 operations"),
        (CALL, UPLOAD * 2049, "more than 2048 operations"),
        (CALL * 3, UPLOAD * 700, "more than 2048 operations"),
        (window(60_000), b"", "products a picture"),
        (CALL, UPLOAD + layer(1024, 1024, 32, 32, norm=0) * 60, "constants at"),
    ],
)
def test_programs_without_end_are_refused(main: bytes, kpu: bytes, why: str) -> None:
    with pytest.raises(VerificationFailed, match=why):
        plan(program(main, kpu))


@pytest.mark.parametrize(
    ("inputs", "outputs", "side", "why"),
    [(1000, 1000, 32, "more weights than it holds"), (500, 20, 45, "products a picture")],
)
def test_layers_that_share_their_weights_without_end_are_refused(
    inputs: int, outputs: int, side: int, why: str
) -> None:
    """A small file can ask for the same weights again and again."""
    wide = Tensor(0, inputs * side**2, "u1", (1, inputs, side, side))
    upload = transfer(0, memory_range(0, 0), memory_range(KPU, 0), inputs, side, side)
    one = layer(
        inputs, outputs, side, side, row=23_000 if side == 45 else 1 << 14, kernel=side > 40
    )
    code = Code((wide,), (MAPS,), upload + one * 360)
    main = tensor(0, 0, 1, inputs, side, side) + tensor(1, 1, 1, 4, 8, 8) + call()
    caller = CodeModule("stackvm", b"", 64, (Code((wide,), (MAPS,), main),))
    called = CodeModule("k210", bytes(1_010_000), 0, (code,))
    with pytest.raises(VerificationFailed, match=why):
        plan(Container((caller, called), (0, 0)))
