"""Files of version 4 against such files put together by hand, and their figures."""

from __future__ import annotations

import numpy as np
import pytest

from dse.chips.k210.emulator import predictor
from dse.chips.k210.kmodel import nodes
from dse.chips.k210.kmodel.buffered import read_buffered
from dse.chips.k210.kmodel.kmodel import parse_kmodel
from dse.chips.k210.kmodel.records import Shape4
from dse.chips.k210.older_versions.level_program import Convolved, LevelProgram, placed
from dse.chips.k210.older_versions.version_4 import dequantization, version_4
from dse.errors import CompilerError
from tests.chips.k210.old_kmodels import KPU, LEVELS, Version4, convolution_tail, registers
from tests.chips.k210.older_versions.programs import (
    FALLING,
    SCALE,
    STEEP,
    ZERO,
    padded,
    plain,
    residual,
)

SHAPES = ((3, 6, 20), (3, 5, 7), (1, 4, 33), (3, 9, 64), (2, 4, 65))
KIND = LEVELS


def pictures(shape: tuple[int, int, int]) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (2, *shape), dtype=np.uint8)


def convolve(file: Version4, step: Convolved) -> object:
    """`step` in a file by hand; where its maps go in main memory."""
    layer = step.layer
    channels, place = layer.written.channels, None
    if step.target is not None:
        place = file.place(step.target.size_bytes, KIND)
    told = registers(
        layer.read.shape, channels, source=layer.read.address // 64,
        target=layer.written.address // 64, bias=-128, gaps=(8, 16, 24),
    )  # fmt: skip
    tail = convolution_tail(told, channels, step.weights)
    file.add(nodes.KpuConv2d, tail, main=place or (0, 0, 0, 0), batches=1, reserved=0)
    return place


def by_hand(program: LevelProgram) -> bytes:
    """`residual` as a file that nothing of the package wrote."""
    shape = program.picture.shape
    file = Version4((1, *shape), in_kpu=True)
    layers = [step for step in program.steps if isinstance(step, Convolved)]
    sources = [convolve(file, step) for step in layers[:2]]
    _, height, width = shape
    both = file.place(9 * height * width, KIND)
    middle = both.start + 5 * height * width
    for source, start, size, levels in (
        (sources[0], both.start, 5 * height * width, FALLING),
        (sources[1], middle, 4 * height * width, STEEP),
    ):
        file.add(
            nodes.TableLookup,
            input=source,
            table=file.constant(levels.tobytes(), KIND),
            output=both._replace(start=start, size=size),
        )
    file.add(
        nodes.KpuUpload,
        input=both,
        output=both._replace(memory=KPU, start=0, size=64),
        in_shape=Shape4(1, 9, height, width),
    )
    last = convolve(file, layers[2])
    output = file.place(2 * height * width, 0)
    file.add(nodes.Dequantize, input=last, output=output, zero_point=ZERO, scale=1 / SCALE)
    file.outputs.append(output)
    return file.content()


@pytest.mark.parametrize("shape", SHAPES)
def test_it_computes_what_a_file_by_hand_does(shape: tuple[int, int, int]) -> None:
    program = residual(shape)
    (wanted,), (found,) = (
        predictor(file, 1).outputs(pictures(shape))
        for file in (by_hand(program), version_4(program))
    )
    assert wanted.std() > 0
    np.testing.assert_array_equal(found, wanted)


def test_lines_are_added_and_cut_off() -> None:
    shape = (3, 6, 20)
    given = pictures(shape)
    grown = np.pad(given, ((0, 0), (0, 0), (0, 1), (0, 0)), constant_values=77)[..., 1:]
    cut = np.ascontiguousarray(grown[:, :, ::2, 1:])
    (found,) = predictor(version_4(padded(shape)), 1).outputs(given)
    program = padded(shape)
    program.picture = program.steps[2].source  # type: ignore[assignment]
    del program.steps[:2]
    (wanted,) = predictor(version_4(program), 1).outputs(cut)
    assert wanted.std() > 0
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("program", [plain(), residual(), padded()])
def test_header_and_nodes_are_what_the_program_says(program: LevelProgram) -> None:
    content = version_4(program)
    headers, read = parse_kmodel(content), read_buffered(content)
    assert headers.version == 4
    assert headers.data_bytes == read.main_bytes == placed(program)[1]
    assert headers.outputs[0].size_bytes == program.outputs[0].size_bytes
    direct = program.picture_map is not None
    assert len(read.steps) == len(program.steps) - direct
    assert read.input_range is not None and (read.input_range.memory == KPU) == direct
    assert read.steps[-1].body_end == len(content)  # unlike in nncase's own files, nothing is short


def test_what_the_runtime_makes_of_a_scale() -> None:
    for scale in np.random.default_rng(0).uniform(0.001, 2, 300).astype(np.float32):
        zero, stored = dequantization(float(scale), float(scale * np.float32(-117)))
        assert zero == 117
        back = np.float32(1) / np.float32(stored)
        assert abs(float(back) - float(scale)) <= np.spacing(scale)


@pytest.mark.parametrize(("scale", "bias"), [(0.0, 1.0), (np.nan, 0.0), (1.0, np.inf), (-1.0, 0.0)])
def test_an_output_that_is_no_number_is_refused(scale: float, bias: float) -> None:
    with pytest.raises(CompilerError, match="an output of levels times"):
        dequantization(scale, bias)


def test_an_output_without_a_whole_zero_is_refused() -> None:
    with pytest.raises(CompilerError, match="zero lies between two levels"):
        dequantization(0.5, -0.25)
