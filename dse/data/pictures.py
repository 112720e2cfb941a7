"""Pictures with labelled objects: what every reader returns and everything else consumes.

Boxes are float32 arrays of shape (n, 4): x0, y0, x1, y1 in pixels of the picture as stored. A
class is a number: its place in `DataSet.classes`.
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

__all__ = ["ANY_CLASS", "FACES", "Classes", "DataSet", "Picture", "Skipped", "things_of"]

Classes = NDArray[np.int32]

FACES = ("face",)
"""The classes of a set of faces."""

ANY_CLASS = -1
"""Of an ignored box that says nothing about any class: a crowd, an object nobody could name."""

MOST_SHOWN = 400
"""Characters of a name or reason in a message: a list can hold a name of megabytes."""


def no_boxes() -> Boxes:
    """An empty array of boxes, shape (0, 4)."""
    return np.zeros((0, 4), np.float32)


@dataclass(frozen=True)
class Picture:
    """One picture and its objects.

    name: stable within its data set (a relative path, or a scene number), and `printable`.
    boxes: (n, 4) objects to find.
    ignored: (m, 4) objects that count neither as found nor as missed (too small, invalid).
    classes: (n,) of `boxes`; all the first one where left out.
    ignored_classes: (m,) of `ignored`; all `ANY_CLASS` where left out.
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
    classes: Classes = None  # type: ignore[assignment]  # made from `boxes`
    ignored_classes: Classes = None  # type: ignore[assignment]  # made from `ignored`

    def __post_init__(self) -> None:
        if self.classes is None:
            object.__setattr__(self, "classes", np.zeros(len(self.boxes), np.int32))
        if self.ignored_classes is None:
            every = np.full(len(self.ignored), ANY_CLASS, np.int32)
            object.__setattr__(self, "ignored_classes", every)
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
    classes: their names, in the order of their numbers.
    notes: sentences about what the reader understood, for whoever brought the set.
    """

    source: str
    pictures: tuple[Picture, ...]
    skipped: tuple[Skipped, ...] = ()
    classes: tuple[str, ...] = FACES
    notes: tuple[str, ...] = field(default=(), compare=False)

    def __len__(self) -> int:
        return len(self.pictures)

    @property
    def faces(self) -> int:
        """Labelled objects that count."""
        return sum(len(picture.boxes) for picture in self.pictures)

    @property
    def checksum(self) -> str:
        """Hex digest over names, boxes and classes, in order: equal sets, equal checksum.

        A set of faces has the digest that it had before there were classes.
        """
        digest = hashlib.sha256()
        for picture in self.pictures:
            digest.update(picture.name.encode())  # printable, so that every name has a code
            digest.update(np.ascontiguousarray(picture.boxes, "<f4").tobytes())
            digest.update(np.ascontiguousarray(picture.ignored, "<f4").tobytes())
            if self.classes != FACES:
                digest.update(np.ascontiguousarray(picture.classes, "<i4").tobytes())
                digest.update(np.ascontiguousarray(picture.ignored_classes, "<i4").tobytes())
        if self.classes != FACES:
            digest.update("\0".join(self.classes).encode())
        return digest.hexdigest()[:16]


def things_of(classes: tuple[str, ...]) -> str:
    """What people call the labelled boxes of a set with these classes."""
    return "faces" if classes == FACES else "objects"
