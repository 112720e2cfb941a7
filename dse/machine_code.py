"""Loops in Python that run as fast as in C, and what the processor can do."""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

import numba
from llvmlite.binding import get_host_cpu_features
from numba.core.caching import FunctionCache
from numpy.typing import NDArray

__all__ = ["Array", "compiled", "multiplies_bfloat16"]

Array = NDArray[Any]
Function = TypeVar("Function", bound=Callable[..., Any])


BFLOAT16 = ("avx512bf16", "amx-bf16")
"""LLVM's names of the instructions for which TensorFlow's kernels (oneDNN) are quicker in it."""


def multiplies_bfloat16() -> bool:
    """Whether this processor has instructions that multiply bfloat16."""
    features = get_host_cpu_features()
    return any(features.get(name) for name in BFLOAT16)


def compiled(function: Function) -> Function:
    """`function` in machine code, kept on disk for the next process.

    It runs without Python's lock. Products and sums stay apart: fused, they round otherwise.
    """
    made: Any = numba.njit(nogil=True, error_model="numpy")(function)
    with contextlib.suppress(RuntimeError, OSError):  # no folder for it can be written
        # Numba has no public way to another cache
        made._cache = _Cache(function)  # type: ignore[no-untyped-call]  # noqa: SLF001
    return cast(Function, made)


class _Cache(FunctionCache):
    """Numba's, to which a full disk would be an error, and a file that a power cut left empty:
    here they cost the time to compile, no more."""

    @contextlib.contextmanager
    def _guard_against_spurious_io_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            return
        except (EOFError, pickle.UnpicklingError):
            with contextlib.suppress(OSError):
                self.flush()  # type: ignore[no-untyped-call]
