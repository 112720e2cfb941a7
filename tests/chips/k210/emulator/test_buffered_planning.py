"""Whole files of versions 3 and 4 in the emulator: small ones, and damaged ones."""

from __future__ import annotations

import random
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dse.chips.k210.emulator import check_program, predictor
from dse.chips.k210.kmodel import layers, nodes
from dse.chips.k210.kmodel.records import Limits, Margins, Range, Shape4
from dse.errors import CompilerError, VerificationFailed
from tests.chips.k210.emulator.kpu_tables import clipping, slow_levels
from tests.chips.k210.emulator.mutated_kmodels import ODD
from tests.chips.k210.old_kmodels import (
    FLOAT,
    KPU,
    LEVELS,
    Version3,
    Version4,
    convolution_tail,
    registers,
)

Levels = NDArray[np.uint8]


def slow_convolution(maps: Levels, weights: NDArray[Any], bias: int, first: int = 0) -> Levels:
    """A 3x3 or 1x1 convolution of (channels, h, w) with the writer's tables, zeros around it.

    first: number of the first output channel, which has a normalisation of its own.
    """
    out, inputs, kernel, _ = weights.shape
    edge = kernel // 2
    padded = np.pad(maps, ((0, 0), (edge, edge), (edge, edge))).astype(np.int64)
    height, width = maps.shape[1:]
    sums = np.zeros((out, height, width), np.int64)
    for o in range(out):
        for i in range(inputs):
            for y in range(kernel):
                for x in range(kernel):
                    weight = int(weights[o, i, y, x]) + bias
                    sums[o] += weight * padded[i, y : y + height, x : x + width]
    norm = [(900 + 7 * channel, 3, 40 * channel) for channel in range(first, first + out)]
    return slow_levels(sums, norm, clipping())


WEIGHTS = np.random.default_rng(5).integers(0, 256, (4, 3, 3, 3), dtype=np.uint8)
PICTURES = np.random.default_rng(6).integers(0, 256, (3, 3, 8, 20), dtype=np.uint8)


def version_4(batches: int = 1, *, in_kpu: bool = True) -> Version4:
    """A 3x3 convolution of the picture, or of its lines, `batches` of them."""
    file = Version4((1, 3, 8, 20), in_kpu=in_kpu)
    height = 8 // batches
    source = 0
    if not in_kpu:
        source = 50
        place, shape = Range(KPU, LEVELS, 64 * 50, 1), Shape4(batches, 3, height, 20)
        file.add(nodes.KpuUpload, input=file.input, output=place, in_shape=shape)
    maps = file.place(4 * 8 * 20, LEVELS)
    own = registers(
        (3, height, 20), 4, kernel=3, source=source, target=400, bias=-128, gaps=(8, 16, 24)
    )
    tail = convolution_tail(own, 4, WEIGHTS.tobytes())
    file.add(nodes.KpuConv2d, tail, main=maps, batches=batches, reserved=0)
    file.outputs.append(maps)
    return file


def test_a_convolution_of_a_picture_in_the_accelerators_memory() -> None:
    found = predictor(version_4().content(), 1).outputs(PICTURES)[0]
    assert found.dtype == np.float32
    for maps, picture in zip(found, PICTURES, strict=True):
        wanted = slow_convolution(picture, WEIGHTS, -128)
        np.testing.assert_array_equal(maps, wanted.ravel())


def test_batches_are_convolved_apart() -> None:
    """As nncase 0.2 does with dilations: what lies behind one another is one map each."""
    found = predictor(version_4(2, in_kpu=False).content(), 1).outputs(PICTURES)[0]
    for maps, picture in zip(found, PICTURES, strict=True):
        parts = picture.reshape(2, 3, 4, 20)
        wanted = [slow_convolution(part, WEIGHTS, -128) for part in parts]
        np.testing.assert_array_equal(maps, np.ravel(wanted))


def test_pictures_may_have_their_channels_last() -> None:
    predict = predictor(version_4().content(), 2)
    planar = predict.outputs(PICTURES)[0]
    np.testing.assert_array_equal(predict(PICTURES.transpose(0, 2, 3, 1)), planar)
    assert predict.outputs(PICTURES[:0])[0].shape == (0, 4 * 8 * 20)
    with pytest.raises(ValueError, match="reads planar uint8"):
        predict.outputs(PICTURES.astype(np.float32))


def test_what_a_layer_wrote_is_read_by_the_cpu_from_the_accelerators_memory() -> None:
    """Byte for byte, with the gaps between lines; and a layer reads a part of the channels."""
    file = version_4()
    row = file.place(64, LEVELS)
    file.add(nodes.MemoryCopy, input=Range(KPU, LEVELS, 64 * 400, 64), output=row)
    file.outputs.append(row)
    second = registers((2, 8, 20), 2, source=400, target=900)
    eyes = (np.eye(2) * 200).astype(np.uint8)
    maps = file.place(2 * 8 * 20, LEVELS)
    tail = convolution_tail(second, 2, eyes.tobytes())
    file.add(nodes.KpuConv2d, tail, main=maps, batches=1, reserved=0)
    file.outputs.append(maps)
    first, line, again = predictor(file.content(), 1).outputs(PICTURES)
    written = first.reshape(3, 4, 8, 20)
    np.testing.assert_array_equal(line[:, :20], written[:, 0, 0])
    np.testing.assert_array_equal(line[:, 32:52], written[:, 1, 0])
    assert not line[:, 20:32].any()
    for maps_found, one in zip(again, written[:, :2].astype(np.uint8), strict=True):
        wanted = slow_convolution(one, eyes[:, :, None, None], 0)
        np.testing.assert_array_equal(maps_found, wanted.ravel())


def version_3(pool: int = 0, shift: int = 0) -> Version3:
    file = Version3()
    own = registers((3, 8, 20), 4, kernel=3, target=400, pool=pool, bias=-128, shift=shift)
    maps = file.place(640)
    file.convolve(own, WEIGHTS.tobytes(), 4, maps)
    file.outputs.append((maps, 640 // (4 if pool else 1)))
    return file


@pytest.mark.parametrize("shift", [0, 15])
@pytest.mark.parametrize("pool", [0, 1, 5])
def test_layers_of_version_3_are_the_same(pool: int, shift: int) -> None:
    found = predictor(version_3(pool, shift).content(), 1).outputs(PICTURES)[0]
    levels = np.ascontiguousarray(found).view(np.uint8)
    for maps, picture in zip(levels, PICTURES, strict=True):
        wanted = slow_convolution(picture, WEIGHTS, -128)
        if pool == 1:
            wanted = wanted.reshape(4, 4, 2, 10, 2).max(axis=(2, 4))
        if pool == 5:
            wanted = wanted[:, ::2, ::2]
        np.testing.assert_array_equal(maps, wanted.ravel())


@pytest.mark.parametrize("depthwise", [False, True])
def test_weights_of_16_bits(depthwise: bool) -> None:
    """As nncase 0.1 writes them with `--weights-bits 16`."""
    dice = np.random.default_rng(8)
    weights = dice.integers(29985, 30020, (3, 3, 3, 3), dtype=np.uint16)
    if depthwise:
        weights *= np.eye(3, dtype=np.uint16)[:, :, None, None]
    file = Version3(flags=0)
    own = registers((3, 8, 20), 3, kernel=3, depthwise=depthwise, target=400, bias=-30000, shift=7)
    maps = file.place(480)
    written = weights[range(3), range(3)] if depthwise else weights
    file.convolve(own, written.astype("<u2").tobytes(), 3, maps)
    file.outputs.append((maps, 480))
    found = predictor(file.content(), 1).outputs(PICTURES)[0]
    levels = np.ascontiguousarray(found).view(np.uint8)
    for maps_found, picture in zip(levels, PICTURES, strict=True):
        if depthwise:
            wanted = [
                slow_convolution(picture[c : c + 1], weights[c : c + 1, c : c + 1], -30000, c)[0]
                for c in range(3)
            ]
        else:
            wanted = list(slow_convolution(picture, weights, -30000))
        np.testing.assert_array_equal(maps_found, np.ravel(wanted))
        assert np.unique(maps_found).size > 50


def large_pool() -> bytes:
    """Few bytes that ask for more than anyone waits for."""
    file = Version4((1, 1, 1, 1), FLOAT)
    big = file.place(1 << 20, FLOAT)
    zeros = Margins(0, 0)
    file.add(
        nodes.NODES[8], input=big, output=big, function=3, in_shape=Shape4(1, 1, 1024, 1024),
        padding_h=zeros, padding_w=zeros, filter_h=1000, filter_w=1000, stride_h=1,
        stride_w=1, dilation_h=1, dilation_w=1, initial=0.0, limits=Limits(0.0, 1.0),
    )  # fmt: skip
    file.outputs.append(big)
    return file.content()


def test_more_work_than_anyone_waits_for_is_refused() -> None:
    with pytest.raises(VerificationFailed, match="it asks for over"):
        check_program(large_pool())


@pytest.mark.parametrize("version", [3, 4])
def test_a_header_that_claims_gigabytes_is_refused_before_they_are_allocated(version: int) -> None:
    file = version_3() if version == 3 else version_4()
    file.main_bytes = (1 << 32) - 8
    tracemalloc.start()
    with pytest.raises(VerificationFailed, match="far more than the chip has"):
        predictor(file.content())
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 1 << 20


def test_weights_that_are_read_again_and_again_are_refused() -> None:
    """Layers of version 3 say where their weights are: all may name the same."""
    file = Version3()
    file.convolve(registers((1024, 4, 4), 1024, target=8000), bytes(1 << 20), 1024)
    file.outputs.append((file.place(8), 8))
    check_program(file.content())
    file.repeat(40)
    with pytest.raises(VerificationFailed, match="more weights than it holds"):
        check_program(file.content())


SEEDS = [version_4().content(), version_4(2, in_kpu=False).content(), version_3(5).content()]


def mutated(content: bytes, dice: random.Random) -> bytes:
    """One to three of its numbers changed."""
    changed = bytearray(content)
    for _ in range(dice.choice((1, 1, 2, 3))):
        place, size = dice.randrange(len(content)), dice.choice((1, 2, 4))
        old = int.from_bytes(changed[place : place + size], "little")
        new = dice.choice((*ODD, old + 1, old - 1, 2 * old, dice.getrandbits(32))) % (1 << 8 * size)
        changed[place : place + size] = new.to_bytes(size, "little")
    return bytes(changed[: len(content)])


@settings(max_examples=200)
@given(st.sampled_from(SEEDS), st.integers(0, 1 << 32))
def test_a_changed_file_is_refused_or_runs(content: bytes, seed: int) -> None:
    try:
        predict = predictor(mutated(content, random.Random(seed)), 1)
        shape: Any = predict._wanted
        if np.prod(shape) > 1 << 20:
            return
        found = predict.outputs(np.full((2, *shape), 99, predict._dtype))
    except (VerificationFailed, CompilerError) as error:
        assert error.hint
    else:
        assert all(len(one) == 2 for one in found)


def test_files_that_no_firmware_starts_are_refused() -> None:
    file = Version3()
    file.add(layers.Softmax, input=file.place(8), output=0, channels=2)
    file.outputs.append((0, 8))
    with pytest.raises(CompilerError, match="begins with 'softmax'"):
        predictor(file.content())
    without = version_4()
    without.outputs.clear()
    with pytest.raises(VerificationFailed, match="no output"):
        predictor(without.content())
