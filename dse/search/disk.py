"""Files that are whole or absent, and what to say when the disk is full."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dse.errors import StudyError

__all__ = ["disk_full", "full_disk_reported", "write_whole"]

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""No room; no quota; no file may grow larger (`ulimit -f`)."""

MEBIBYTE = 1 << 20


def write_whole(path: Path, content: str | bytes) -> None:
    """Writes `path` so that a kill at any instant leaves the old file or the new one."""
    data = content if isinstance(content, bytes) else content.encode()
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(beside, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def disk_full(error: BaseException) -> bool:
    """Whether `error`, or what caused it, is a full disk, or a used-up quota or file size."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno in _FULL:
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def full_disk_error(folder: Path, needed_bytes: int) -> StudyError:
    """The error for a full disk under `folder`, where about `needed_bytes` are still to come."""
    free_bytes = shutil.disk_usage(folder).free
    return StudyError(
        f"the disk of {folder} is full: about {needed_bytes / MEBIBYTE:.1f} MiB are needed, "
        f"{free_bytes / MEBIBYTE:.1f} MiB are free",
        "nothing finished is lost: make room, then run again with --resume",
    )


@contextmanager
def full_disk_reported(folder: Path, needed_bytes: int) -> Iterator[None]:
    """Turns a full disk inside the block into a StudyError that says how much is needed."""
    try:
        yield
    except OSError as error:
        if not disk_full(error):
            raise
        raise full_disk_error(folder, needed_bytes) from error
