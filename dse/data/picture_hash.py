"""Pictures as a few bits that stay much the same when a picture is scaled, saved again or lit
otherwise, and so tell near-duplicates.

The bits are the signs of differences between neighbours on a coarse grey grid, along rows and
along columns (the "difference hash" of image search).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dse.data.picture_files import small_grey
from dse.errors import DataError

__all__ = ["BITS", "alike", "distances", "picture_bits"]

GRID = 8
BITS = 2 * GRID * GRID

SAME_BITS = 6
"""So many bits, of 128, may differ between near-duplicates."""

FLAT = 4
"""Grey levels: smaller differences are noise, and have no sign."""

LEAST_BITS = 16
"""Differences with a sign that a picture must have."""

KEPT = 100_000
CHUNK = 2048

Bits = NDArray[np.float32]


def picture_bits(paths: Sequence[Path]) -> Bits:
    """(n, BITS) of -1, 0 and 1; a row of NaN for a file that cannot be read."""
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        rows = list(pool.map(_bits_or_none, paths))
    unread = np.full(BITS, np.nan, np.float32)
    return np.array([unread if row is None else row for row in rows], np.float32).reshape(-1, BITS)


def distances(bits: Bits, others: Bits) -> Bits:
    """(n, m) how many bits differ; a difference with a sign from one without is a quarter. NaN
    for unread files, and for pictures without structure, which are like no other."""
    squares, other_squares = (bits**2).sum(1), (others**2).sum(1)
    squares[squares < LEAST_BITS], other_squares[other_squares < LEAST_BITS] = np.nan, np.nan
    return np.asarray((squares[:, None] + other_squares - 2 * bits @ others.T) / 4, np.float32)


def alike(bits: Bits, most: float = SAME_BITS) -> NDArray[np.intp]:
    """(k, 2) pairs of pictures, the first before the second, that differ in at most `most` bits."""
    found: list[NDArray[np.intp]] = [np.zeros((0, 2), np.intp)]
    for first in range(0, len(bits), CHUNK):
        rows, columns = np.nonzero(distances(bits[first : first + CHUNK], bits[first:]) <= most)
        later = columns > rows
        found.append(np.stack((rows[later], columns[later]), axis=1) + first)
    return np.concatenate(found)


def _bits_or_none(path: Path) -> Bits | None:
    try:
        status = os.stat(path)
        return _bits(path, status.st_mtime_ns, status.st_size)
    except (DataError, OSError, ValueError):  # ValueError: a name that no system has
        return None


@lru_cache(maxsize=KEPT)
def _bits(path: Path, changed_ns: int, size: int) -> Bits:
    """As the file was then: a set is opened once for each of its splits."""
    grey = small_grey(path, (GRID + 1, GRID + 1)).astype(np.float32)
    steps = np.stack((np.diff(grey, axis=1)[:GRID], np.diff(grey, axis=0)[:, :GRID])).ravel()
    return np.where(np.abs(steps) < FLAT, 0, np.sign(steps)).astype(np.float32)
