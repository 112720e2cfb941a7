"""Which classes of a set are wanted: some picked, some joined under one name.

As text, which stands behind a data specification: `classes=face,hand&merge=face=masked,bare`,
every name as in a web address, so that one with a comma or a space survives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

import numpy as np
from numpy.typing import NDArray

from dse.data.pictures import ANY_CLASS, DataSet, Picture
from dse.detection.heads import MOST_CLASSES
from dse.errors import DataError, UnknownName, UsageError

__all__ = ["Selection"]


@dataclass(frozen=True)
class Selection:
    """classes: names to keep, in this order; none: all. merged: (new name, old names), which
    comes first, so that `classes` may name what was merged."""

    classes: tuple[str, ...] = ()
    merged: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @classmethod
    def of(cls, classes: str | None, merge: Sequence[str] | None) -> Selection:
        """From `--classes a,b` and any number of `--merge new=a,b`. Raises UsageError."""
        return cls(_names(classes or ""), tuple(map(_merge, merge or ())))

    @classmethod
    def parse(cls, text: str) -> Selection:
        """From what `str` of one gave. Raises UsageError for anything else."""
        classes: tuple[str, ...] = ()
        merged: list[tuple[str, tuple[str, ...]]] = []
        for piece in text.split("&"):
            key, _, value = piece.partition("=")
            if key == "classes":
                classes = tuple(map(unquote, _names(value)))
            elif key == "merge":
                new, old = _merge(value)
                merged.append((unquote(new), tuple(map(unquote, old))))
            else:
                raise UsageError(f"'{piece}' picks no classes", "classes=a,b or merge=new=a,b")
        return cls(classes, tuple(merged))

    def __str__(self) -> str:
        pieces = [f"classes={_quoted(self.classes)}"] if self.classes else []
        pieces += [f"merge={_quoted((new,))}={_quoted(old)}" for new, old in self.merged]
        return "&".join(pieces)

    def __bool__(self) -> bool:
        return bool(self.classes or self.merged)

    def apply(self, data: DataSet) -> DataSet:
        """`data` with these classes alone; a picture that loses its last box stays, as one
        without objects.

        Raises UnknownName for a class that the set has not, DataError where nothing is left, or
        more than MOST_CLASSES are.
        """
        if self:
            names, numbers = self._renamed(data.classes)
            pictures = tuple(_renumbered(picture, numbers) for picture in data.pictures)
            data = replace(data, classes=names, pictures=pictures)
            if not data.faces:
                listed = ", ".join(names)
                raise DataError(f"{data.source}: no box of {listed}", "pick classes that have some")
        if len(data.classes) > MOST_CLASSES:
            why = f"{len(data.classes)} classes, of which a detector can have {MOST_CLASSES}"
            hint = "its last layer has channels for each: pick with --classes, or join with --merge"
            raise DataError(f"{data.source}: {why}", hint)
        return data

    def _renamed(self, classes: tuple[str, ...]) -> tuple[tuple[str, ...], NDArray[np.int32]]:
        """The new names, and for each old number the new one, -1 where it is left out."""
        becomes = {name: name for name in classes}
        for new, old in self.merged:
            becomes |= {_known(name, classes): new for name in old}
        there = tuple(dict.fromkeys(becomes.values()))
        wanted = tuple(dict.fromkeys(_known(name, there) for name in self.classes)) or there
        place = {name: number for number, name in enumerate(wanted)}
        return wanted, np.array([place.get(becomes[name], -1) for name in classes], np.int32)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _merge(text: str) -> tuple[str, tuple[str, ...]]:
    new, _, old = text.partition("=")
    if not new.strip() or not _names(old):
        raise UsageError(f"'{text}' joins nothing", "such as --merge face=with_mask,without_mask")
    return new.strip(), _names(old)


def _quoted(names: Sequence[str]) -> str:
    return ",".join(quote(name, safe=" /") for name in names)


def _known(name: str, names: Sequence[str]) -> str:
    """The one of `names` that is meant, whatever its case. Raises UnknownName."""
    if name in names:
        return name
    alike = [one for one in names if one.casefold() == name.casefold()]
    if len(alike) != 1:
        raise UnknownName("class", name, names)
    return alike[0]


def _renumbered(picture: Picture, numbers: NDArray[np.int32]) -> Picture:
    classes = numbers[picture.classes]
    kept = classes >= 0
    unclear = picture.ignored_classes
    # a number of -1 is the table's last, and stays what it is
    unclear = np.where(unclear == ANY_CLASS, ANY_CLASS, numbers[unclear]).astype(np.int32)
    counts = (picture.ignored_classes == ANY_CLASS) | (unclear >= 0)
    squares = picture.boxes_square
    return replace(
        picture,
        boxes=picture.boxes[kept],
        classes=classes[kept],
        ignored=picture.ignored[counts],
        ignored_classes=unclear[counts],
        boxes_square=None if squares is None else squares[kept],
    )
