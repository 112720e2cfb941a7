"""Pictures with labelled faces: what every reader returns and everything else consumes.

Boxes are float32 arrays of shape (n, 4): x0, y0, x1, y1 in pixels of the picture as stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dse.data.foreign import excerpt
from dse.detection.geometry import Boxes
from dse.files import printable

__all__ = ["DataSet", "Picture", "Skipped"]


MOST_SHOWN = 400
"""Characters of a name or reason in a message: a list can hold a name of megabytes."""


def no_boxes() -> Boxes:
    """An empty array of boxes, shape (0, 4)."""
    return np.zeros((0, 4), np.float32)


@dataclass(frozen=True)
class Picture:
    """One picture and its faces.

    name: stable within its data set (a relative path, or a scene number), and `printable`.
    boxes: (n, 4) faces to find.
    ignored: (m, 4) faces that count neither as found nor as missed (too small, invalid).
    boxes_square: (n, 4) the same faces in FDDB's square style, where the set has ellipses.
    load: returns the pixels, uint8 (height, width, 3) RGB. Raises DataError if they are gone.
    file: where they lie as a picture file; None where they are drawn.
    """

    name: str
    boxes: Boxes
    load: Callable[[], NDArray[np.uint8]] = field(repr=False, compare=False)
    ignored: Boxes = field(default_factory=no_boxes)
    boxes_square: Boxes | None = None
    file: Path | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.name.isprintable():
            object.__setattr__(self, "name", printable(self.name))


@dataclass(frozen=True)
class Skipped:
    """A picture or a box that a reader left out, and why; both fit to be shown, as excerpts."""

    name: str
    reason: str

    def __post_init__(self) -> None:
        for key in ("name", "reason"):
            object.__setattr__(self, key, excerpt(getattr(self, key), MOST_SHOWN))


@dataclass(frozen=True)
class DataSet:
    """Pictures in a fixed order, what was left out, and a checksum of all that matters.

    source: the specification that opened it, such as "fddb:DIR" or "synthetic".
    """

    source: str
    pictures: tuple[Picture, ...]
    skipped: tuple[Skipped, ...] = ()

    def __len__(self) -> int:
        return len(self.pictures)

    @property
    def faces(self) -> int:
        """Labelled faces that count."""
        return sum(len(picture.boxes) for picture in self.pictures)

    @property
    def checksum(self) -> str:
        """Hex digest over names and boxes, in order: equal sets, equal checksum."""
        digest = hashlib.sha256()
        for picture in self.pictures:
            digest.update(picture.name.encode())  # printable, so that every name has a code
            digest.update(np.ascontiguousarray(picture.boxes, "<f4").tobytes())
            digest.update(np.ascontiguousarray(picture.ignored, "<f4").tobytes())
        return digest.hexdigest()[:16]
