"""Work that several processes of a machine share and one of them does."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from dse.files import reported

__all__ = ["only_one"]


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Holds the lock file `path`, which the system releases when its process ends, however it
    ends; others wait at the block's begin. Raises FileError."""
    with ExitStack() as opened:
        with reported(path, "locked"):
            file = opened.enter_context(path.open("w"))
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
