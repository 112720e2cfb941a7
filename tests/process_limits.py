"""Limits that the kernel sets a process, for tests of what happens at them."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_file_larger_than(size_bytes: int) -> Iterator[None]:
    """Writes are cut off there, in the middle of a line if need be, and fail with EFBIG."""
    with _limit(resource.RLIMIT_FSIZE, size_bytes):
        yield


@contextmanager
def no_more_memory_than(size_bytes: int) -> Iterator[None]:
    """Address space that is asked for beyond it is refused."""
    with _limit(resource.RLIMIT_AS, size_bytes):
        yield


@contextmanager
def _limit(kind: int, value: int) -> Iterator[None]:
    before, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (value, hard))
    try:
        yield
    finally:
        resource.setrlimit(kind, (before, hard))
