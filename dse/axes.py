"""The values that an axis of a search space may have, and their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dse.canvas import Canvas
from dse.detection.heads import DEFAULT_HEAD, HEADS
from dse.errors import UsageError
from dse.network.families import BREAKPOINTS
from dse.schema import quoted

__all__ = ["FORMATS", "SIDES", "USUAL", "WrongValue", "checked_axis", "in_order"]

FORMATS = ("kpu8", "int8", "FP16", "Q9", "Q8", "Q7", "Q6", "FP32")
SIDES = range(32, 1025)
"""Pixels, of an input."""

USUAL: Mapping[str, Any] = {"head": DEFAULT_HEAD}
"""The value of an axis that a space, a journal or a table of before does not name."""

_TYPES: Mapping[str, tuple[type, ...]] = {
    "breakpoint": (str,),
    "frozen_until": (int,),
    "width": (float, int),
    "input_size": (int, str),
    "head": (str,),
    "format": (str,),
}


class WrongValue(ValueError):
    """What is wrong with the values of `key`; "" where it is none alone."""

    def __init__(self, key: str, why: str, hint: str = "") -> None:
        super().__init__(why)
        self.key, self.hint = key, hint


def checked_axis(axis: str, values: Any) -> tuple[Any, ...]:
    """`values`, as TOML gives them, if some network has each on `axis`. Raises WrongValue."""
    if not isinstance(values, list | tuple) or not values:
        raise WrongValue(axis, f"'{axis}' must be a list of values")
    for value in values:
        if type(value) not in _TYPES[axis] or not _is_possible(axis, value):
            raise WrongValue(axis, f"'{axis}' cannot be {quoted(value)}; it is {_known(axis)}")
    if len(set(values)) < len(values):
        raise WrongValue(axis, f"'{axis}' names a value twice")
    return tuple(values)


def in_order(axis: str, value: Any) -> Any:
    """A key that sorts the values of `axis`."""
    return Canvas.of(value) if axis == "input_size" else value


def _is_possible(axis: str, value: Any) -> bool:
    """Whether some network has `value`, of the right type, on `axis`."""
    if axis != "input_size":
        return value in _allowed(axis)
    try:
        canvas = Canvas.checked(value)
    except UsageError:
        return False
    return canvas.width in SIDES and canvas.height in SIDES


def _known(axis: str) -> str:
    if axis == "input_size":
        return f'one of {SIDES[0]}..{SIDES[-1]}, or two of them as in "320x240"'
    return f"one of {_allowed(axis)}"


def _allowed(axis: str) -> Sequence[Any]:
    """The values that some network has on `axis`, in their order."""
    if axis == "format":
        return FORMATS
    if axis == "head":
        return tuple(HEADS)
    if axis == "breakpoint":
        return tuple(BREAKPOINTS)
    every = BREAKPOINTS.values()
    values = (one.lambdas if axis == "frozen_until" else one.family.widths for one in every)
    return sorted(set().union(*values))
