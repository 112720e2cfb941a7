"""Kmodels of versions 3 and 4 as the reader finds them, and damaged ones."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dse.chips.k210.kmodel import layers, nodes
from dse.chips.k210.kmodel.buffered import convolution_of, read_buffered
from dse.chips.k210.kmodel.kmodel import parse_kmodel
from dse.chips.k210.kmodel.records import Range, Shape4
from dse.errors import CompilerError, VerificationFailed
from tests.chips.k210.old_kmodels import (
    FLOAT,
    KPU,
    LEVELS,
    MAIN,
    Version3,
    Version4,
    convolution_tail,
    registers,
    table,
)

FIRST = registers((3, 8, 8), 4, kernel=3, target=100, bias=-128, gaps=(24, 96, 112))
WEIGHTS = bytes(range(108))


def version_4() -> bytes:
    """A convolution, and its levels as numbers."""
    file = Version4((1, 3, 8, 8), in_kpu=True)
    maps, numbers = file.place(256, LEVELS), file.place(256, FLOAT)
    file.add(nodes.KpuConv2d, convolution_tail(FIRST, 4, WEIGHTS), main=maps, batches=1, reserved=0)
    file.add(nodes.Dequantize, input=maps, output=numbers, zero_point=3, scale=2.0)
    file.outputs.append(numbers)
    return file.content()


def version_3() -> bytes:
    file = Version3()
    maps, numbers = file.place(256), file.place(1024)
    file.convolve(FIRST, WEIGHTS, 4, maps)
    file.add(layers.Dequantize, input=maps, output=numbers, count=256, scale=0.5, bias=1.0)
    file.outputs.append((numbers, 1024))
    return file.content()


WHOLE = {3: version_3(), 4: version_4()}


@pytest.mark.parametrize("version", WHOLE)
def test_all_that_a_file_says_is_read(version: int) -> None:
    found = read_buffered(WHOLE[version])
    assert found.version == version
    assert tuple(found.input_shape) == (1, 3, 8, 8) and not found.input_is_float
    assert found.main_bytes == 256 + 1024
    assert found.outputs == (Range(MAIN, FLOAT, 256, 1024),)
    assert found.operations() == {"KPU convolution": 1, "dequantize": 1}
    first, second = found.steps
    assert isinstance(first, nodes.KpuConv2d | layers.KpuConvolution)
    layer = convolution_of(first, WHOLE[version])
    assert layer.read.shape == (3, 8, 8) and layer.written.shape == (4, 8, 8)
    assert WHOLE[version][layer.weights : layer.weights + 108] == WEIGHTS
    assert isinstance(second, nodes.Dequantize | layers.Dequantize)
    assert second.scale == (2.0 if version == 4 else 0.5)


def test_where_the_picture_goes() -> None:
    assert read_buffered(WHOLE[4]).input_range == Range(KPU, LEVELS, 0, 64)
    assert read_buffered(WHOLE[3]).input_range is None


@pytest.mark.parametrize("version", WHOLE)
def test_no_beginning_of_a_file_passes_for_the_file(version: int) -> None:
    whole = WHOLE[version]
    for length in range(len(whole)):
        with pytest.raises(VerificationFailed):
            read_buffered(whole[:length])
            parse_kmodel(whole[:length])


@pytest.mark.parametrize("spare", range(8))
def test_up_to_seven_bytes_that_nothing_reads_may_be_missing(spare: int) -> None:
    """Behind the last operation of version 4: `codegen.cpp` moves on without writing them."""
    file = Version4((1, 1, 1, 1), FLOAT)
    out = file.place(2, FLOAT)
    file.add(
        nodes.Concat, struct.pack("<8I2i", *file.input, *file.input, 1, 1) + bytes(spare),
        output=out, inner=4, outer=1, count=2,
    )  # fmt: skip
    file.outputs.append(out)
    body, whole = 28 + 40, file.content()
    unread = -(-(body + spare) // 8) * 8 - body
    for missing in range(unread + 2):
        part = whole[: len(whole) - missing]
        if missing <= min(unread, 7):
            assert parse_kmodel(part).size_bytes == len(part)
            assert len(read_buffered(part).steps) == 1
        else:
            with pytest.raises(VerificationFailed):
                parse_kmodel(part)
            with pytest.raises(VerificationFailed):
                read_buffered(part)


def test_so_they_may_in_version_3() -> None:
    """`AlignStreamPosition` of nncase 0.1 writes none either."""
    file = Version3()
    numbers, out = file.place(8), file.place(4)
    weights = struct.pack("<3f", 1.0, 2.0, 3.0)
    file.add(
        layers.FullyConnected, weights, input=numbers, output=out, in_channels=2, out_channels=1,
        activation=0,
    )  # fmt: skip
    file.outputs.append((out, 4))
    whole = file.content()
    for missing in range(5):
        part = whole[: len(whole) - missing]
        assert parse_kmodel(part).version == 3
        assert len(read_buffered(part).steps) == 1
    with pytest.raises(VerificationFailed):
        parse_kmodel(whole[:-5])
    with pytest.raises(VerificationFailed):
        read_buffered(whole[:-5])


@pytest.mark.parametrize("version", [3, 4])
def test_a_layers_constants_are_not_among_them(version: int) -> None:
    file: Version3 | Version4
    if version == 3:
        file = Version3()
        file.convolve(FIRST, WEIGHTS, 4)
        file.outputs.append((file.place(4), 4))
    else:
        file = Version4((1, 3, 8, 8), in_kpu=True)
        tail = convolution_tail(FIRST, 4, WEIGHTS + bytes(5))
        main = Range(MAIN, LEVELS, 0, 0)
        file.add(nodes.KpuConv2d, tail[:-5], main=main, batches=1, reserved=0)
        file.outputs.append(file.place(4, LEVELS))
    whole = file.content()
    unread = len(whole) - 1 - max(whole.rfind(WEIGHTS) + 107, whole.rfind(table()) + 143)
    assert parse_kmodel(whole[: len(whole) - unread]).version == version
    with pytest.raises(VerificationFailed):
        parse_kmodel(whole[: len(whole) - unread - 1])


@settings(max_examples=300)
@given(st.sampled_from((3, 4)), st.data())
def test_any_number_is_refused_or_harmless(version: int, draw: st.DataObject) -> None:
    content = bytearray(WHOLE[version])
    place = draw.draw(st.integers(0, len(content) - 4))
    struct.pack_into("<I", content, place, draw.draw(st.integers(0, (1 << 32) - 1)))
    try:
        parse_kmodel(bytes(content))
        read_buffered(bytes(content))
    except (VerificationFailed, CompilerError) as error:
        assert error.hint


def changed(version: int, old: bytes, new: bytes) -> bytes:
    assert WHOLE[version].count(old) == 1
    return WHOLE[version].replace(old, new)


@pytest.mark.parametrize(
    ("version", "old", "new", "error", "words"),
    [
        (4, (3, 40), (0x1001, 40), CompilerError, "'CPU conv2d'"),
        (4, (3, 40), (999, 40), CompilerError, "number 999"),
        (4, (3, 40), (3, 36), VerificationFailed, "cut off"),
        (3, (12, 24), (21, 24), CompilerError, "flatten"),
    ],
)
def test_what_is_not_known_is_named(
    version: int, old: tuple[int, ...], new: tuple[int, ...], error: type[Exception], words: str
) -> None:
    before, after = (struct.pack(f"<{len(one)}I", *one) for one in (old, new))
    with pytest.raises(error, match=words):
        read_buffered(changed(version, before, after))


def test_ranges_that_leave_their_memory_are_refused() -> None:
    for place, words in (
        (Range(MAIN, LEVELS, 1025, 256), "ends at 1281, its memory at 1280"),
        (Range(KPU, LEVELS, 2 << 20, 1), "its memory at 2097152"),
        (Range(3, LEVELS, 0, 1), "lies in memory 3"),
        (Range(MAIN, 7, 0, 1), "of type 7"),
    ):
        file = Version4((1, 1, 1, 1), FLOAT)
        file.place(1280 - 8, LEVELS)
        shape = Shape4(1, 1, 1, 1)
        file.add(nodes.Transpose, input=file.input, output=place, in_shape=shape, order=shape)
        with pytest.raises(VerificationFailed, match=words):
            read_buffered(file.content())


@pytest.mark.parametrize("count", [5000, (1 << 32) - 1])
def test_absurd_counts_are_refused_at_once(count: int) -> None:
    for version, place in ((3, 12), (4, 24)):
        content = bytearray(WHOLE[version])
        struct.pack_into("<I", content, place, count)
        with pytest.raises(VerificationFailed, match="operations"):
            read_buffered(bytes(content))


def test_several_inputs_are_refused() -> None:
    content = bytearray(WHOLE[4])
    struct.pack_into("<I", content, 28, 2)
    with pytest.raises(CompilerError, match="2 inputs"):
        read_buffered(bytes(content))
