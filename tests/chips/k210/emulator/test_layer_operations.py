"""Each layer of version 3 that the CPU computes, against its definition."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dse.chips.k210.emulator import predictor
from dse.chips.k210.kmodel import layers
from dse.chips.k210.kmodel.records import Shape3
from dse.errors import CompilerError, VerificationFailed
from tests.chips.k210.emulator.old_runs import PICTURES, numbers, run_layer
from tests.chips.k210.old_kmodels import FLOAT, LEVELS, Version3, registers

F = np.float32


def test_numbers_are_added() -> None:
    a = numbers(FLOAT, (9,))
    found = run_layer(layers.Add, a, 9, reads=("a", "b"), count=9)
    np.testing.assert_array_equal(found, a + a)


def halved(value: int, shift: int) -> int:
    """`kpu_carry_shift`."""
    if shift == 0:
        return value
    value >>= shift - 1
    return (value >> 1) + (-1 if value < 0 else 1) * (value & 1)


@settings(max_examples=40)
@given(
    st.tuples(*[st.integers(-200, 10)] * 2),
    st.tuples(*[st.integers(-3000, 3000)] * 3),
    st.tuples(*[st.integers(0, 12)] * 3),
    st.integers(0, 200),
)
def test_levels_are_added(offsets: Any, muls: Any, shifts: Any, out: int) -> None:
    """Shifted together where both are shifted alike, else apart."""
    a = numbers(LEVELS, (8,))
    found = run_layer(
        layers.QuantizedAdd, a, 8, output=LEVELS, reads=("a", "b"), count=8, a_offset=offsets[0],
        a_mul=muls[0], a_shift=shifts[0], b_offset=offsets[1], b_mul=muls[1], b_shift=shifts[1],
        out_offset=out, out_mul=muls[2], out_shift=shifts[2],
    )  # fmt: skip
    for x, level in zip(a[1].tolist(), found[1].tolist(), strict=True):
        p, q = ((x + offset) * mul for offset, mul in zip(offsets, muls[:2], strict=True))
        if shifts[0] == shifts[1]:
            total = (p + q) >> shifts[0]
        else:
            total = (p >> shifts[0]) + (q >> shifts[1])
        assert level == min(max(halved(total * muls[2], shifts[2]) + out, 0), 255)


def test_numbers_become_levels_and_numbers_again() -> None:
    given_ = numbers(FLOAT, (8,))
    levels = run_layer(layers.Quantize, given_, 8, output=LEVELS, count=8, scale=0.03, bias=-3.5)
    exact = (given_ - F(-3.5)) * F(F(1) / F(0.03))
    np.testing.assert_array_equal(levels, np.clip(np.floor(exact.astype(float) + 0.5), 0, 255))
    steps = numbers(LEVELS, (8,))
    found = run_layer(layers.Dequantize, steps, 8, count=8, scale=0.03, bias=-3.5)
    np.testing.assert_array_equal(found, steps * F(0.03) + F(-3.5))


def test_every_channel_has_a_scale_of_its_own() -> None:
    levels = numbers(LEVELS, (6,))
    tail = struct.pack("<4f", 0.5, 1.0, 0.25, -2.0)
    found = run_layer(
        layers.ChannelwiseDequantize, levels, 6, tail=tail, channels=2, channel_size=3
    )
    wanted = levels.reshape(PICTURES, 2, 3) * np.array([[0.5], [0.25]], np.float32)
    wanted += np.array([[1.0], [-2.0]], np.float32)
    np.testing.assert_array_equal(found, wanted.reshape(PICTURES, 6))


def test_a_table_gives_each_level_another() -> None:
    levels, table = numbers(LEVELS, (8,)), np.random.default_rng(2).permutation(256)
    tail = table.astype(np.uint8).tobytes()
    found = run_layer(layers.Requantize, levels, 8, output=LEVELS, tail=tail, count=8)
    np.testing.assert_array_equal(found, table[levels])


@pytest.mark.parametrize("below", [False, True])
def test_softmax_takes_the_greatest_number_for_no_less_than_nothing(below: bool) -> None:
    given_ = numbers(FLOAT, (5,)) - F(9 if below else 0)
    found = run_layer(layers.Softmax, given_, 5, channels=5)
    for row, wanted in zip(found, given_, strict=True):
        greatest = max(F(np.finfo(np.float32).tiny), *wanted)
        powers = [F(np.exp(float(one - greatest))) for one in wanted]
        total = F(0)
        for one in powers:
            total = F(total + one)
        assert row.tolist() == [float(F(one / total)) for one in powers]


def test_logistic_and_normalization() -> None:
    given_ = numbers(FLOAT, (5,))
    found = run_layer(layers.Logistic, given_, 5, channels=5)
    powers = np.exp(-given_.astype(float)).astype(np.float32)
    np.testing.assert_array_equal(found, F(1) / (F(1) + powers))
    found = run_layer(layers.L2Normalization, given_, 5, channels=5)
    total = F(0)
    for one in given_[1]:
        total = F(total + F(one * one))
    np.testing.assert_array_equal(found[1], given_[1] * F(F(1) / np.sqrt(total)))
    nothing = run_layer(layers.L2Normalization, np.zeros_like(given_), 5, channels=5)
    assert not nothing.any()


def test_channels_go_last() -> None:
    given_ = numbers(FLOAT, (2, 3, 4))
    found = run_layer(layers.Flatten, given_, 24, shape=Shape3(4, 3, 2))
    np.testing.assert_array_equal(found, np.moveaxis(given_, 1, -1).reshape(PICTURES, -1))


def test_inputs_are_put_behind_one_another() -> None:
    file, given_ = Version3(), numbers(FLOAT, (1, 1, 2))
    source, copied, whole = file.place(8), file.place(8), file.place(16)
    file.add(
        layers.FullyConnected, np.array([1, 0, 0, 1, 0, 0], np.float32).tobytes(), input=source,
        output=copied, in_channels=2, out_channels=2, activation=0,
    )  # fmt: skip
    tail = struct.pack("<4I", copied, 8, copied + 4, 4)
    file.add(layers.Concat, tail, output=whole, count=2)
    file.outputs.append((whole, 12))
    found = predictor(file.content(), 1).outputs(given_)[0]
    np.testing.assert_array_equal(found, given_.reshape(PICTURES, 2)[:, [0, 1, 1]])


@pytest.mark.parametrize("channels", [3, 9])
def test_one_number_a_channel_goes_through_the_accelerator(channels: int) -> None:
    """As the first pixel of maps of 4 x 4, with a 1x1 convolution that keeps channels apart."""
    file = Version3()
    weights = (np.eye(channels) * 200).astype(np.uint8).tobytes()
    first = registers((channels, 4, 4), channels, target=64)
    picture = np.random.default_rng(3).integers(0, 256, (PICTURES, channels, 4, 4), np.uint8)
    maps, few, again, last = (file.place(n) for n in (16 * channels, channels, 400, 64))
    file.convolve(first, weights, channels, maps)
    file.add(layers.RemovePadding, input=maps, output=few, channels=channels)
    file.add(layers.AddPadding, input=few, output=640, channels=channels)
    file.convolve(registers((channels, 4, 4), channels, source=640), weights, channels, again)
    file.add(layers.RemovePadding, input=again, output=last, channels=channels)
    file.outputs += [(maps, 16 * channels), (last, 16)]
    maps_found, found = predictor(file.content(), 1).outputs(picture)
    once = np.ascontiguousarray(maps_found).view(np.uint8).reshape(PICTURES, channels, 4, 4)
    twice = _through(once[:, :, :1, :1])
    levels = np.ascontiguousarray(found).view(np.uint8)[:, :channels]
    np.testing.assert_array_equal(levels, twice[:, :, 0, 0])
    np.testing.assert_array_equal(once, _through(picture))


def _through(maps: Any) -> Any:
    """Of each channel alone, by the tables that the writer gives it."""
    from tests.chips.k210.emulator.kpu_tables import clipping, slow_levels

    channels = maps.shape[1]
    norm = [(900 + 7 * channel, 3, 40 * channel) for channel in range(channels)]
    sums = maps.astype(np.int64).swapaxes(0, 1) * 200
    return slow_levels(sums, norm, clipping()).swapaxes(0, 1)


@pytest.mark.parametrize("width", [4, 20, 70])
def test_maps_are_uploaded_again(width: int) -> None:
    """Twice through the same layer: once from the picture, once from main memory."""
    file, channels = Version3(), 5
    weights = (np.eye(channels) * 200).astype(np.uint8).tobytes()
    maps, again = file.place(channels * 4 * width), file.place(channels * 4 * width)
    first = registers((channels, 4, width), channels, target=2000)
    file.convolve(first, weights, channels, maps)
    file.add(layers.Upload, input=maps, output=4000, shape=Shape3(width, 4, channels))
    second = registers((channels, 4, width), channels, source=4000, target=6000)
    file.convolve(second, weights, channels, again)
    file.outputs.append((again, channels * 4 * width))
    shape = (PICTURES, channels, 4, width)
    picture = np.random.default_rng(3).integers(0, 256, shape, np.uint8)
    found = predictor(file.content(), 1).outputs(picture)[0]
    levels = np.ascontiguousarray(found).view(np.uint8).reshape(shape)
    np.testing.assert_array_equal(levels, _through(_through(picture)))


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (layers.Quantize, {"count": 4, "scale": 0.0, "bias": 0.0}),
        (layers.Quantize, {"count": -1, "scale": 1.0, "bias": 0.0}),
        (layers.Quantize, {"count": 2**31 - 1, "scale": 1.0, "bias": 0.0}),
        (layers.RemovePadding, {"channels": 0}),
        (layers.RemovePadding, {"channels": 10000}),
        (layers.Flatten, {"shape": Shape3(2**30, 2**30, 2**30)}),
    ],
)
def test_what_makes_no_sense_is_refused(kind: Any, values: Any) -> None:
    with pytest.raises(VerificationFailed):
        run_layer(kind, numbers(FLOAT, (4,)), 4, **values)


@pytest.mark.parametrize("number", [3, 6, 19])
def test_layers_that_no_firmware_runs_are_named(number: int) -> None:
    file = Version3()
    file.layers.append((number, bytes(16), None))
    with pytest.raises(CompilerError, match=layers.NAMES[number]):
        predictor(file.content())
