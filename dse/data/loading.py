"""Reading the pixels of a data set without stumbling over a broken picture."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dse.data.pictures import DataSet, Picture, Skipped
from dse.errors import DataError

__all__ = ["load_all", "load_or_none"]


def load_or_none(picture: Picture, skipped: list[Skipped]) -> NDArray[np.uint8] | None:
    """The picture's pixels, uint8 (h, w, 3); None if they cannot be read, and `skipped` grows."""
    try:
        return picture.load()
    except DataError as error:
        skipped.append(Skipped(picture.name, str(error)))
        return None


def load_all(
    data: DataSet, skipped: list[Skipped] | None = None
) -> Iterator[tuple[Picture, NDArray[np.uint8]]]:
    """Each readable picture with its pixels, uint8 (h, w, 3), in order.

    Pictures that went bad since the set was opened are added to `skipped` (pass a list to
    see them). Raises DataError, at the end, if not one of them could be read.
    """
    bad = [] if skipped is None else skipped
    read = 0
    for picture in data.pictures:
        pixels = load_or_none(picture, bad)
        if pixels is not None:
            read += 1
            yield picture, pixels
    if data.pictures and not read:
        reason = bad[-1].reason
        hint = "check that the folder is still there"
        raise DataError(f"{data.source}: none of {len(data)} pictures loads ({reason})", hint)
