"""The operations of the CPU in a kmodel of version 5 that can be told of levels alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.chips.k210.kmodel.kmodel_reader import expect
from dse.chips.k210.kmodel.kpu_layer import Address
from dse.chips.k210.older_versions.level_program import Box
from dse.chips.k210.older_versions.level_values import (
    LEVELS,
    Cut,
    Joined,
    Looked,
    Number,
    Plain,
    Surrounded,
)
from dse.chips.k210.older_versions.places import cannot

__all__ = ["OPERATIONS"]

Values = NDArray[Any]


def _mapped(
    number: Number,
    function: Callable[[Values], Values],
    scale: float | None = None,
    bias: float = 0.0,
) -> Number:
    """`function` of each number, wherever it lies. scale, bias: what it is of levels, if linear."""
    if isinstance(number, Plain):
        return Looked(number.tensor, function(LEVELS), scale, bias)
    if isinstance(number, Looked):
        return Looked(number.tensor, function(number.table))
    if isinstance(number, Surrounded):
        value = function(np.array([number.value], np.float32))[0]
        inner = _mapped(number.inner, function, scale, bias)
        return Surrounded(inner, number.margins, float(value))
    if isinstance(number, Cut):
        return Cut(_mapped(number.inner, function, scale, bias), number.box)
    return Joined(tuple(_mapped(part, function, scale, bias) for part in number.parts))


def _dequantize(number: Number, o: dict[str, Any], _: bytes) -> Number:
    """To the bit as the runtime: a product, rounded, and a sum, rounded."""
    scale, bias = np.float32(o["scale"]), np.float32(o["bias"])

    def numbers(values: Values) -> Values:
        return values.astype(np.float32) * scale + bias

    return _mapped(number, numbers, float(scale), float(bias))


def _quantize(number: Number, o: dict[str, Any], _: bytes) -> Number:
    scale, bias = np.float32(o["scale"]), np.float32(o["bias"])
    return _mapped(
        number,
        lambda values: np.clip(np.rint(values * scale + bias), 0, 255).astype(np.uint8),
    )


def _pad(number: Number, o: dict[str, Any], _: bytes) -> Number:
    if len(o["paddings"]) != 4 or o["mode"] or any(inside for *_, inside in o["paddings"]):
        raise cannot("mirrored edges")
    *others, rows, columns = o["paddings"]
    if any(before or after for before, after, _ in others):
        raise cannot("channels that are added or left out")
    return Surrounded(number, (*rows[:2], *columns[:2]), float(o["value"]))


def _slice(number: Number, o: dict[str, Any], _: bytes) -> Number:
    names = ("begins", "ends", "steps")
    expect(all(len(o[name]) == 4 for name in names), "a slice of another rank")
    if min(o["steps"]) < 1:
        raise cannot("pixels in reverse order")
    cuts = [
        slice(*ends).indices(side)
        for side, *ends in zip(o["shape"], *(o[name] for name in names), strict=True)
    ]
    if cuts[:2] != [(0, side, 1) for side in o["shape"][:2]]:
        raise cannot("channels that are left out")
    (top, bottom, down), (left, right, across) = cuts[2:]
    return Cut(number, Box(top, left, bottom, right, down, across))


def _lut1d(number: Number, o: dict[str, Any], rdata: bytes) -> Number:
    address: Address = o["table"]
    table = np.frombuffer(rdata[address.offset : address.offset + 256], np.uint8)
    expect(len(table) == 256, "a table is cut off")
    return _mapped(number, lambda levels: table[levels.astype(np.uint8)])


OPERATIONS: dict[str, Callable[[Number, dict[str, Any], bytes], Number]] = {
    "copy": lambda number, _, __: number,
    "dequantize": _dequantize,
    "lut1d": _lut1d,
    "pad": _pad,
    "quantize": _quantize,
    "slice": _slice,
}
"""Operations of the CPU that move numbers, or change each by itself: what comes of a number, given
the operands by name and the module's constants. Each raises CompilerError for a variant that cannot
be rewritten."""
