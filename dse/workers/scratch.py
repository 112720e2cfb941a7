"""Folders for files that nobody needs afterwards."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dse.files import temporary_folder

__all__ = ["scratch_folder"]

SCRATCH = "dse-ray-"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder for Ray's files or a task's, gone afterwards; those of killed processes go, too.

    Its path is short, because Ray puts sockets below it (107 characters at most).
    """
    with temporary_folder(f"{SCRATCH}{os.getpid()}-") as folder:
        for left in folder.parent.glob(f"{SCRATCH}*-*"):
            process = left.name.removeprefix(SCRATCH).split("-")[0]
            if process.isdigit() and not Path(f"/proc/{process}").exists():
                shutil.rmtree(left, ignore_errors=True)
        yield folder
