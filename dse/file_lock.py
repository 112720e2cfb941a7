"""Locks between the processes of a machine, which the system releases when their holder ends in
any way.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from dse.files import reported

__all__ = ["in_use", "only_one", "unused"]


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Holds the lock file `path`, for work that several processes share and one of them does;
    others wait at the block's begin. Raises FileError."""
    with ExitStack() as held:
        _take(path, fcntl.LOCK_EX, held)
        yield


@contextmanager
def in_use(path: Path) -> Iterator[None]:
    """Holds the lock file `path` beside all others that do, against who wants it `unused`.
    Raises FileError."""
    with ExitStack() as held:
        _take(path, fcntl.LOCK_SH, held)
        yield


@contextmanager
def unused(path: Path) -> Iterator[bool]:
    """Whether nobody has the lock file `path` `in_use`; where so, nobody has until the block
    ends. Raises FileError."""
    with ExitStack() as held:
        yield _take(path, fcntl.LOCK_EX | fcntl.LOCK_NB, held)


def _take(path: Path, how: int, held: ExitStack) -> bool:
    """Whether the lock is ours, until `held` is closed."""
    with reported(path, "locked"):
        file = held.enter_context(path.open("w"))
        try:
            fcntl.flock(file, how)
        except BlockingIOError:
            return False
    return True
