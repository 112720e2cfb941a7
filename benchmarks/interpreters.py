"""A firmware's own interpreter as a program on this computer, and what it makes of a kmodel.

It is called as `PROGRAM KMODEL INPUT OUTPUT`. INPUT holds the numbers of one picture, channel by
channel, row by row; PROGRAM writes the numbers of all outputs, float32, one output after the other
in the file's order, and nothing to its error stream: what stands there is taken for a complaint.
No such program is part of this repository; `docs/runtimes.md` says what ours were built of.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["difference"]

LIMIT_S = 600.0
"""For one picture: a layer in software takes up to a second."""


def difference(
    program: Path, kmodel: bytes, pictures: NDArray[Any], emulated: Sequence[NDArray[np.float32]]
) -> str:
    """What `program` says otherwise than `emulated`, one array per output; empty where nothing.

    pictures: (number, channels, height, width), of the type that the kmodel takes.
    """
    with tempfile.TemporaryDirectory(prefix="interpreter-") as scratch:
        kmodel_file, picture_file, output = (Path(scratch) / name for name in ("k", "i", "o"))
        kmodel_file.write_bytes(kmodel)
        for number, picture in enumerate(pictures):
            picture_file.write_bytes(np.ascontiguousarray(picture).tobytes())
            command = [str(program.resolve()), *map(str, (kmodel_file, picture_file, output))]
            ended = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S)
            if ended.returncode or ended.stderr:
                return f"picture {number}: exit code {ended.returncode}: {ended.stderr.strip()}"
            wanted = np.concatenate([one[number].ravel() for one in emulated])
            found = np.fromfile(output, np.float32)
            if found.size != wanted.size:
                return f"picture {number}: {found.size} numbers, not {wanted.size}"
            if not np.array_equal(found.view(np.uint32), wanted.view(np.uint32)):
                return f"picture {number}: {_apart(found, wanted)}"
    return ""


def _apart(found: NDArray[np.float32], wanted: NDArray[np.float32]) -> str:
    """How many numbers differ, and by how many units in the last place of the greatest."""
    apart = np.abs(found.astype(np.float64) - wanted) / np.spacing(np.abs(wanted).max())
    return f"{np.count_nonzero(apart)} of {wanted.size} numbers, by up to {apart.max():.3g} units"
