"""Level programs put together by hand, for the tests of what writes them."""

from __future__ import annotations

import numpy as np

from dse.chips.k210.kmodel.kpu_layer import Constants, KpuMap, read_layer
from dse.chips.k210.older_versions.level_program import (
    Box,
    Convolved,
    Dequantized,
    LevelProgram,
    LookedUp,
    Padded,
    Sliced,
    Tensor,
    Uploaded,
)
from tests.chips.k210.old_kmodels import norm_of, registers, table

SCALE, ZERO = 0.25, 3
FALLING = np.arange(255, -1, -1, dtype=np.uint8)
STEEP = (np.arange(256) * 7 % 256).astype(np.uint8)


def layer(
    read: tuple[int, int, int],
    channels: int,
    source: int,
    target: int,
    seed: int = 0,
    pool: int = 0,
) -> Convolved:
    """A 1x1 layer with weights of its own; source, target: rows of the accelerator's memory."""
    dice = np.random.default_rng(seed)
    weights = dice.integers(0, 256, channels * read[0], dtype=np.uint8).tobytes()
    found = read_layer(
        registers(read, channels, source=source, target=target, bias=-128, pool=pool),
        Constants(0, 0, 0),
    )
    return Convolved(found, weights, norm_of(channels), table())


def ended(program: LevelProgram, source: Tensor) -> LevelProgram:
    """`program` with `source` as its output, in float32."""
    output = Tensor(source.shape, 4)
    program.steps.append(Dequantized(source, output, SCALE, -ZERO * SCALE))
    program.outputs.append(output)
    return program


def plain(shape: tuple[int, int, int] = (3, 6, 20)) -> LevelProgram:
    """Two layers behind the picture, which goes to the accelerator at once."""
    program = LevelProgram(Tensor(shape))
    _, height, width = shape
    first, last = layer(shape, 5, 0, 512), layer((5, height, width), 4, 512, 2048, seed=1)
    last.target = Tensor((4, height, width))
    program.steps += [Uploaded(program.picture, KpuMap(0, *shape)), first, last]
    return ended(program, last.target)


def residual(shape: tuple[int, int, int] = (3, 6, 20)) -> LevelProgram:
    """Two layers whose levels go through tables, side by side, into a third."""
    program = plain(shape)
    program.steps, program.outputs = program.steps[:3], []
    _, first, last = program.steps
    assert isinstance(first, Convolved) and isinstance(last, Convolved)
    _, height, width = shape
    first.target, last.target = Tensor((5, height, width)), Tensor((4, height, width))
    both = Tensor((9, height, width))
    parts = Tensor((5, height, width), 1, both, 0), Tensor((4, height, width), 1, both, 5)
    sums = layer((9, height, width), 2, 0, 4096, seed=2)
    sums.target = Tensor((2, height, width))
    program.steps += [
        LookedUp(first.target, parts[0], FALLING.tobytes()),
        LookedUp(last.target, parts[1], STEEP.tobytes()),
        Uploaded(both, KpuMap(0, 9, height, width)),
        sums,
    ]
    return ended(program, sums.target)


def padded(shape: tuple[int, int, int] = (3, 6, 20)) -> LevelProgram:
    """The picture with a line below and a column cut off, then sliced: never uploaded as it is."""
    channels, height, width = shape
    program = LevelProgram(Tensor(shape))
    grown = Tensor((channels, height + 1, width - 1))
    cut = Tensor((channels, (height + 2) // 2, width - 2))
    program.steps += [
        Padded(program.picture, grown, (0, 1, -1, 0), 77),
        Sliced(grown, cut, Box(0, 1, height + 1, width - 1, 2, 1)),
        Uploaded(cut, KpuMap(0, *cut.shape)),
    ]
    only = layer(cut.shape, 4, 0, 512)
    only.target = Tensor((4, *cut.shape[1:]))
    program.steps.append(only)
    return ended(program, only.target)
