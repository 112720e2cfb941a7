"""The classes of a data set by the numbers that a detector has for them."""

from __future__ import annotations

import numpy as np

from dse.data.pictures import ANY_CLASS, Classes
from dse.errors import DataError

__all__ = ["NO_CLASS", "class_numbers"]

NO_CLASS = -2
"""Of objects that the detector has no class for."""


def class_numbers(names: tuple[str, ...], wanted: tuple[str, ...]) -> Classes | None:
    """The place in `wanted` of each of `names`, or `NO_CLASS`; None where all stay as they are.

    Behind them stands `ANY_CLASS`, so that it is its own number. One class and one class are the
    same, whatever they are called. Raises DataError where `wanted` has none of `names`.
    """
    if names == wanted or len(names) == len(wanted) == 1:
        return None
    if not set(names) & set(wanted):
        raise DataError(
            f"the pictures show {_list(names)}; the detector finds {_list(wanted)}",
            "evaluate on pictures with its classes",
        )
    known = [wanted.index(name) if name in wanted else NO_CLASS for name in names]
    return np.array([*known, ANY_CLASS], np.int32)


def _list(names: tuple[str, ...], most: int = 5) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
