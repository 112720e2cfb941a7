"""Runs single operations of versions 3 and 4 on random numbers, in files written for that."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.chips.k210.emulator import predictor
from dse.chips.k210.kmodel.layers import Quantize
from dse.chips.k210.kmodel.records import Limits, Step
from tests.chips.k210.old_kmodels import FLOAT, ITEM, LEVELS, Version3, Version4

Numbers = NDArray[Any]

FULL = Limits(float(np.finfo(np.float32).min), float(np.finfo(np.float32).max))
DTYPES = {FLOAT: np.float32, LEVELS: np.uint8}
PICTURES = 3


def numbers(kind: int, shape: tuple[int, ...], seed: int = 0) -> Numbers:
    """(PICTURES, *shape) of levels, or of floats between -4 and 4."""
    dice = np.random.default_rng(seed)
    if kind == LEVELS:
        return dice.integers(0, 256, (PICTURES, *shape), dtype=np.uint8)
    return dice.uniform(-4, 4, (PICTURES, *shape)).astype(np.float32)


def run_node(
    kind: type[Step],
    given: Numbers,
    count: int,
    *,
    output: int | None = None,
    tail: bytes = b"",
    second: Numbers | None = None,
    names: tuple[str, str] = ("input", "output"),
    **values: Any,
) -> Numbers:
    """(PICTURES, count): what the node makes of `given` (PICTURES, c, h, w).

    output: type of what comes out, default that of `given`. second: a constant `b`. names: of the
    fields that say where it reads and writes.
    """
    own = LEVELS if given.dtype == np.uint8 else FLOAT
    file = Version4((1, *given.shape[1:]), own)  # type: ignore[arg-type]
    written = file.place(count, own if output is None else output)
    if second is not None:
        values["b"] = file.constant(second.tobytes(), own)
    file.add(kind, tail, **{names[0]: file.input, names[1]: written}, **values)
    file.outputs.append(written)
    return predictor(file.content(), 1).outputs(given)[0]


def run_layer(
    kind: type[Step],
    given: Numbers,
    length: int,
    *,
    output: int = FLOAT,
    tail: bytes = b"",
    reads: tuple[str, ...] = ("input",),
    **values: Any,
) -> Numbers:
    """(PICTURES, length): what the layer makes of floats (PICTURES, n); no file begins with it.

    given: levels are first made of the same floats. Version 3 puts out float32 alone: levels come
    as their bytes, four in a number, and are taken apart again. reads: fields that say where.
    """
    from dse.chips.k210.kmodel.layers import FullyConnected

    file, size = Version3(), math.prod(given.shape[1:])
    source = file.place(4 * size)
    unit = np.append(np.eye(size, dtype=np.float32).ravel(), np.zeros(size, np.float32)).tobytes()
    copied = file.place(4 * size)
    file.add(FullyConnected, unit, input=source, output=copied, in_channels=size,
             out_channels=size, activation=0)  # fmt: skip
    if given.dtype == np.uint8:
        levels = file.place(size + 8)
        file.add(Quantize, input=copied, output=levels, count=size, scale=1.0, bias=0.0)
        copied = levels
    written = file.place(-(-length * ITEM[output] // 8) * 8)
    file.add(kind, tail, output=written, **dict.fromkeys(reads, copied), **values)
    file.outputs.append((written, -(-length * ITEM[output] // 4) * 4))
    floats = given.reshape(PICTURES, 1, 1, size).astype(np.float32)
    found = predictor(file.content(), 1).outputs(floats)[0]
    return found if output == FLOAT else np.ascontiguousarray(found).view(np.uint8)[:, :length]
