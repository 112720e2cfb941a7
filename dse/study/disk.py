"""What to say when the disk of a study is full."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dse.errors import FileError, StudyError
from dse.files import MEBIBYTE, disk_full

__all__ = ["full_disk_error", "full_disk_reported"]


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
    except (OSError, FileError) as error:
        if not disk_full(error):
            raise
        raise full_disk_error(folder, needed_bytes) from error
