"""AP of a training's file on pictures drawn anew, in the training's folder: ap_resampled.csv.

One number a line, in the order of the draws, which is the same for every training of a study: line
by line they are pairs, and their difference says whether two designs can be told apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from dse.detection.confidence import Sample
from dse.errors import InvalidFile
from dse.files import read_text, write_whole

__all__ = ["RESAMPLED", "read_resampled", "write_resampled"]

RESAMPLED = "ap_resampled.csv"
HEADER = "ap"
MOST_BYTES = 1 << 16


def write_resampled(folder: Path, resampled: Iterable[float]) -> None:
    """Writes them, as of `dse.detection.confidence.resampled_ap`. Raises FileError."""
    lines = (HEADER, *(f"{ap:.6f}" for ap in resampled))
    write_whole(folder / RESAMPLED, "".join(f"{line}\n" for line in lines))


def read_resampled(folder: Path) -> Sample | None:
    """What lies in a training's folder; None where nothing does, as in older studies.

    Raises FileError, or InvalidFile for a file that holds anything but AP.
    """
    path = folder / RESAMPLED
    if not path.exists():
        return None
    header, *lines = read_text(path, MOST_BYTES).splitlines() or [""]
    try:
        found = np.array([float(line) for line in lines], np.float64)
    except ValueError:
        found = np.array([2.0])
    if header != HEADER or not len(found) or (found < 0).any() or (found > 1).any():
        raise InvalidFile(path, "no list of AP", hint="delete it: intervals are used instead")
    return found
