"""Work that several processes of a machine share and one of them does."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["only_one"]


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Holds the lock file `path`, which the system releases when its process ends, however it
    ends; others wait at the block's begin."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
