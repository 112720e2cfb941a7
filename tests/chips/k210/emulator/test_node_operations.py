"""Each operation of version 4 against its definition, a number at a time."""

from __future__ import annotations

import struct
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dse.chips.k210.emulator import predictor
from dse.chips.k210.kmodel import nodes
from dse.chips.k210.kmodel.records import Limits, Shape4
from dse.errors import CompilerError, VerificationFailed
from tests.chips.k210.emulator.old_runs import FULL, PICTURES, numbers, run_node
from tests.chips.k210.old_kmodels import FLOAT, LEVELS, Version4

F = np.float32


def test_levels_become_numbers() -> None:
    levels = numbers(LEVELS, (2, 3, 4))
    found = run_node(nodes.Dequantize, levels, 24, output=FLOAT, zero_point=122, scale=9.7)
    wanted = [F(F(int(one) - 122) * F(F(1) / F(9.7))) for one in levels.ravel()]
    np.testing.assert_array_equal(found.ravel(), wanted)


@given(st.lists(st.floats(-300, 300, width=32), min_size=4, max_size=4), st.integers(-9, 260))
def test_numbers_become_levels_halves_away_from_zero(given_: list[float], zero: int) -> None:
    picture = np.array([given_] * PICTURES, np.float32).reshape(PICTURES, 1, 1, 4)
    found = run_node(nodes.Quantize, picture, 4, output=LEVELS, zero_point=zero, scale=0.5)
    for number, level in zip(given_, found[0], strict=True):
        exact = float(F(F(number) * F(0.5)) + F(zero))
        whole = int(abs(exact) + 0.5) * (1 if exact >= 0 else -1)
        assert level == min(max(whole, 0), 255)


UNARY: list[Any] = [
    abs, np.ceil, np.cos, np.exp, np.floor, np.log, lambda x: -x, lambda x: F(1) / np.sqrt(x),
    np.sin, lambda x: x * x,
]  # fmt: skip


@pytest.mark.parametrize("function", range(10))
def test_functions_of_one_number(function: int) -> None:
    given_ = np.abs(numbers(FLOAT, (1, 2, 5))) if function in (5, 7) else numbers(FLOAT, (1, 2, 5))
    found = run_node(nodes.Unary, given_, 10, function=function)
    exact = function not in (2, 3, 5, 8)
    wide = given_ if exact else given_.astype(np.float64)
    wanted = np.array([UNARY[function](one) for one in wide.ravel()]).astype(np.float32)
    np.testing.assert_array_equal(found.ravel(), wanted)


@pytest.mark.parametrize("function", range(6))
@pytest.mark.parametrize("b_shape", [(1, 2, 3, 4), (1, 1, 3, 1), (1, 1, 1, 1)])
def test_two_numbers_become_one(function: int, b_shape: tuple[int, int, int, int]) -> None:
    a, b = numbers(FLOAT, (2, 3, 4)), numbers(FLOAT, b_shape, 1)[0]
    limits = Limits(-3.0, 5.0)
    found = run_node(
        nodes.Binary, a, 24, second=b, names=("a", "output"), function=function,
        a_shape=Shape4(1, 2, 3, 4), b_shape=Shape4(*b_shape), shape=Shape4(1, 2, 3, 4),
        limits=limits,
    )  # fmt: skip
    one = [np.add, np.subtract, np.multiply, np.divide, np.minimum, np.maximum][function]
    for picture, row in zip(a, found.reshape(a.shape), strict=True):
        for place in product(range(2), range(3), range(4)):
            other = b[0][tuple(i % side for i, side in zip(place, b_shape[1:], strict=True))]
            assert row[place] == min(max(one(picture[place], other), F(-3)), F(5))


def carried(value: int, mul: int, shift: int) -> int:
    """In 32 bits, which wrap around."""
    whole = (value * mul + (1 << shift >> 1)) >> shift
    return (whole + (1 << 31)) % (1 << 32) - (1 << 31)


@settings(max_examples=40)
@given(
    st.integers(0, 5),
    st.tuples(*[st.integers(-260, 10)] * 2),
    st.tuples(*[st.integers(1, 3000)] * 3),
    st.tuples(*[st.integers(0, 12)] * 3),
    st.integers(0, 200),
)
def test_two_levels_become_one(
    function: int, offsets: Any, muls: Any, shifts: Any, out: int
) -> None:
    a, b = numbers(LEVELS, (1, 2, 4)), numbers(LEVELS, (1, 2, 4), 1)[0]
    shape = Shape4(1, 1, 2, 4)
    found = run_node(
        nodes.QuantizedBinary, a, 8, second=b, names=("a", "output"), function=function,
        a_shape=shape, b_shape=shape, shape=shape, a_offset=offsets[0], a_mul=muls[0],
        a_shift=shifts[0], b_offset=offsets[1], b_mul=muls[1], b_shift=shifts[1], out_offset=out,
        out_mul=muls[2], out_shift=shifts[2],
    )  # fmt: skip
    for x, y, level in zip(a[1].ravel(), b.ravel(), found[1], strict=True):
        p = carried(int(x) + offsets[0], muls[0], shifts[0])
        q = carried(int(y) + offsets[1], muls[1], shifts[1])
        half = int(q / 2)
        quotient = -1 if q == 0 else abs(p + half) // abs(q) * (1 if (p + half) * q >= 0 else -1)
        whole = (p + q, p - q, p * q, quotient, min(p, q), max(p, q))[function]
        if abs(whole) < 1 << 31:  # beyond, the runtime's own number is not defined
            assert level == min(max(carried(whole, muls[2], shifts[2]) + out, 0), 255)


def test_parts_are_put_together_along_any_axis() -> None:
    """By bytes: of each input in turn, `outer` times."""
    given_ = numbers(FLOAT, (2, 3, 4))
    file = Version4((1, 2, 3, 4), FLOAT)
    constant = file.constant(np.arange(8, dtype=np.float32).tobytes(), FLOAT)
    written = file.place(32, FLOAT)
    tail = struct.pack("<8I2i", *file.input, *constant, 3, 1)
    file.add(nodes.Concat, tail, output=written, inner=16, outer=2, count=2)
    file.outputs.append(written)
    found = predictor(file.content(), 1).outputs(given_)[0]
    extra = np.broadcast_to(np.arange(8, dtype=np.float32).reshape(1, 2, 1, 4), (3, 2, 1, 4))
    wanted = np.concatenate([given_, extra], axis=2)
    np.testing.assert_array_equal(found, wanted.reshape(PICTURES, -1))


def test_softmax_of_every_row() -> None:
    given_ = numbers(FLOAT, (1, 3, 4))
    found = run_node(nodes.Softmax, given_, 12, inner=4, outer=3, beta=0.5).reshape(-1, 4)
    for row, wanted in zip(found, given_.reshape(-1, 4), strict=True):
        powers = [F(np.exp(float(F((one - max(wanted)) * F(0.5))))) for one in wanted]
        total = F(0)
        for one in powers:
            total = F(total + one)
        assert row.tolist() == [float(F(one / total)) for one in powers]


@pytest.mark.parametrize("kind", [FLOAT, LEVELS])
def test_axes_change_places(kind: int) -> None:
    given_ = numbers(kind, (2, 3, 4))
    order = Shape4(0, 2, 3, 1)
    found = run_node(nodes.Transpose, given_, 24, in_shape=Shape4(1, 2, 3, 4), order=order)
    np.testing.assert_array_equal(found, given_.transpose(0, 2, 3, 1).reshape(PICTURES, -1))


def test_a_table_gives_each_level_another() -> None:
    levels, table = numbers(LEVELS, (1, 4, 4)), np.random.default_rng(3).permutation(256)
    file = Version4((1, 1, 4, 4))
    place = file.constant(table.astype(np.uint8).tobytes(), LEVELS)
    written = file.place(16, LEVELS)
    file.add(nodes.TableLookup, input=file.input, table=place, output=written)
    file.outputs.append(written)
    found = predictor(file.content(), 1).outputs(levels)[0]
    np.testing.assert_array_equal(found, table[levels.reshape(PICTURES, -1)])


def test_memory_is_copied_in_whole_words() -> None:
    given_ = numbers(LEVELS, (1, 1, 7))
    found = run_node(nodes.MemoryCopy, given_, 7)
    assert found[:, :4].tolist() == given_[:, 0, 0, :4].tolist()
    assert not found[:, 4:].any()


@pytest.mark.parametrize(
    ("kind", "values", "error", "words"),
    [
        (nodes.Unary, {"function": 10}, CompilerError, "'unary' with function 10"),
        (nodes.Dequantize, {"zero_point": 0, "scale": 0.0}, VerificationFailed, "scale 0"),
        (nodes.Softmax, {"inner": 0, "outer": 2, "beta": 1.0}, VerificationFailed, "of shape"),
        (nodes.Softmax, {"inner": 9, "outer": 2, "beta": 1.0}, VerificationFailed, "ends at 72"),
        (
            nodes.Transpose,
            {"in_shape": Shape4(1, 1, 2, 4), "order": Shape4(0, 1, 2, 2)},
            VerificationFailed,
            "order",
        ),
        (
            nodes.Binary,
            {
                "function": 0, "b_shape": Shape4(1, 1, 2, 4), "a_shape": Shape4(1, 1, 2, 3),
                "shape": Shape4(1, 1, 2, 4), "limits": FULL,
            },
            VerificationFailed,
            "shapes",
        ),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(kind: Any, values: Any, error: Any, words: str) -> None:
    second = np.ones(8, np.float32) if kind is nodes.Binary else None
    names = ("a", "output") if kind is nodes.Binary else ("input", "output")
    with pytest.raises(error, match=words):
        run_node(kind, numbers(FLOAT, (1, 2, 4)), 4, second=second, names=names, **values)
