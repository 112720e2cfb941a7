"""Any result as JSON has it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from os import PathLike
from typing import Any

__all__ = ["plain"]


def plain(value: Any, number: Callable[[float], float] = float) -> Any:
    """`value` made of dicts with text for keys, lists, text, numbers, true, false and None.

    What JSON has no number for (NaN, the infinities) becomes None; NumPy's numbers and arrays
    become Python's, paths text. number: what becomes of a finite float, say a rounded one.
    Raises TypeError for anything else.
    """
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return number(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(inner, number) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner, number) for inner in value]
    if isinstance(value, PathLike):
        return str(value)
    if hasattr(value, "tolist"):
        return plain(value.tolist(), number)
    raise TypeError(f"JSON has nothing like {type(value).__name__}")
