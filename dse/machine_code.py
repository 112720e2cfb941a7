"""Loops in Python that run as fast as in C."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numpy.typing import NDArray

__all__ = ["Array", "compiled"]

Array = NDArray[Any]
Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """`function` in machine code, kept on disk for the next process.

    It runs without Python's lock. Products and sums stay apart: fused, they round otherwise.
    """
    return cast(Function, numba.njit(nogil=True, cache=True, error_model="numpy")(function))
