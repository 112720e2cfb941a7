"""What becomes of each labelled box: an object to find, an ignored one, or left out and counted.

* no width or height, or wholly outside its picture: left out, and told;
* partly outside: cut at the border, as evaluation cuts detections;
* marked invalid by its annotation, or a side under 5 pixels after the cut: ignored.
A picture with more than MOST_BOXES is refused as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dse.data.foreign import MOST_BOXES
from dse.data.pictures import Skipped
from dse.errors import DataError

__all__ = ["SMALLEST_SIDE_PIXELS", "CheckedBoxes", "check_boxes", "clip"]

SMALLEST_SIDE_PIXELS = 5.0
"""Objects with a shorter side are ignored: no detector is asked for them."""


@dataclass(frozen=True)
class CheckedBoxes:
    """Boxes of one picture after the rules.

    found: (n, 4) float32, to find; ignored: (m, 4) float32; skipped: those left out.
    kept, unclear: (n,) and (m,) which of the boxes given `found` and `ignored` are.
    """

    found: NDArray[np.float32]
    ignored: NDArray[np.float32]
    skipped: tuple[Skipped, ...]
    kept: NDArray[np.intp]
    unclear: NDArray[np.intp]


def clip(boxes: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Boxes (n, 4) cut at the border of a picture of `size` (width, height), pixels."""
    width, height = size
    return boxes.clip(0, np.array((width, height, width, height), np.float32))


def check_boxes(
    name: str, boxes: ArrayLike, size: tuple[int, int], invalid: ArrayLike | None = None
) -> CheckedBoxes:
    """Applies the rules to boxes (n, 4) x0, y0, x1, y1 of the picture `name`.

    size: width and height of the picture, pixels. invalid: (n,) true where the annotation
    says that the object does not count. Raises DataError for too many boxes.
    """
    given = np.asarray(boxes, np.float32).reshape(-1, 4)
    if len(given) > MOST_BOXES:
        raise DataError(f"{len(given)} boxes, more than {MOST_BOXES} on one picture")
    marked = np.zeros(len(given), bool) if invalid is None else np.asarray(invalid, bool)
    inside = clip(given, size)
    has_area = (given[:, 2] > given[:, 0]) & (given[:, 3] > given[:, 1])
    shorter = (inside[:, 2:] - inside[:, :2]).min(axis=1)
    is_seen = has_area & (shorter > 0)
    is_ignored = is_seen & (marked | (shorter < SMALLEST_SIDE_PIXELS))
    kept, unclear = np.flatnonzero(is_seen & ~is_ignored), np.flatnonzero(is_ignored)
    skipped = tuple(
        _left_out(name, index, given[index], bool(has_area[index]), size)
        for index in np.flatnonzero(~is_seen)
    )
    return CheckedBoxes(inside[kept], inside[unclear], skipped, kept, unclear)


def _left_out(
    name: str, index: int, box: NDArray[np.float32], has_area: bool, size: tuple[int, int]
) -> Skipped:
    where = ", ".join(f"{value:g}" for value in box)
    if not has_area:
        return Skipped(f"{name} box {index + 1}", f"box without area ({where})")
    limits = f"picture of {size[0]} x {size[1]} pixels"
    return Skipped(f"{name} box {index + 1}", f"box ({where}) outside its {limits}")
