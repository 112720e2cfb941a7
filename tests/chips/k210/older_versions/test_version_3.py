"""Files of version 3: the levels of version 4, and what cannot be written."""

from __future__ import annotations

import numpy as np
import pytest

from dse.chips.k210.emulator import predictor
from dse.chips.k210.kmodel import layers
from dse.chips.k210.kmodel.buffered import read_buffered
from dse.chips.k210.kmodel.kmodel import parse_kmodel
from dse.chips.k210.older_versions.level_program import (
    Convolved,
    LevelProgram,
    Padded,
    Tensor,
    placed,
)
from dse.chips.k210.older_versions.version_3 import version_3
from dse.chips.k210.older_versions.version_4 import version_4
from dse.errors import CompilerError
from tests.chips.k210.older_versions.programs import SCALE, ZERO, ended, padded, plain, residual

SHAPES = ((3, 6, 20), (3, 5, 7), (1, 4, 33), (3, 9, 64), (2, 4, 65))


@pytest.mark.parametrize("make", [plain, residual])
@pytest.mark.parametrize("shape", SHAPES)
def test_it_computes_what_version_4_does(make: object, shape: tuple[int, int, int]) -> None:
    program = make(shape)  # type: ignore[operator]
    given = np.random.default_rng(6).integers(0, 256, (2, *shape), dtype=np.uint8)
    (found,), (other,) = (
        predictor(write(program), 1).outputs(given) for write in (version_3, version_4)
    )
    levels = other / np.float32(SCALE) + ZERO
    assert levels.std() > 0
    np.testing.assert_array_equal(found, levels * np.float32(SCALE) + np.float32(-ZERO * SCALE))


@pytest.mark.parametrize("program", [plain(), residual()])
def test_header_and_layers_are_what_the_program_says(program: LevelProgram) -> None:
    content = version_3(program)
    headers, read = parse_kmodel(content), read_buffered(content)
    assert headers.version == 3
    assert headers.data_bytes == placed(program)[1]
    assert len(read.steps) == len(program.steps) - 1
    for step in read.steps:
        if isinstance(step, layers.KpuConvolution):
            assert (
                step.registers % 8
                == step.weights % 128
                == step.batch_norm % 128
                == step.activation % 256
                == 0
            )
    wanted = [one.target is not None for one in program.steps if isinstance(one, Convolved)]
    flags = [one.flags for one in read.steps if isinstance(one, layers.KpuConvolution)]
    assert flags == wanted


def test_a_picture_that_is_changed_first_is_refused() -> None:
    with pytest.raises(CompilerError, match="changes before the first layer"):
        version_3(padded())


def test_lines_around_a_map_are_refused() -> None:
    program = plain()
    last = program.steps[2]
    assert isinstance(last, Convolved) and last.target is not None
    del program.steps[3:], program.outputs[:]
    channels, height, width = last.target.shape
    grown = Tensor((channels, height + 1, width))
    program.steps.append(Padded(last.target, grown, (0, 1, 0, 0), 9))
    with pytest.raises(CompilerError, match="adds to a map"):
        version_3(ended(program, grown))
