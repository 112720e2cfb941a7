"""Pictures without labels: those of a person who wants to see what a detector finds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from dse.data.picture_files import SUFFIXES, loader
from dse.data.pictures import DataSet, Picture, no_boxes
from dse.errors import DataError
from dse.files import printable, reported

__all__ = ["picture_files", "unlabelled"]


def picture_files(place: Path) -> list[Path]:
    """The pictures of a folder, those of its folders among them, by name; or the file itself.

    Links to folders are not followed. Raises DataError where there is none, FileError where the
    system refuses.
    """
    if not place.is_dir():
        if not place.exists():
            raise DataError(
                f"there is no {printable(place)}", "name a picture, or a folder of some"
            )
        return [place]
    with reported(place, "read"):
        found = [
            Path(folder) / name
            for folder, _, names in os.walk(place)
            for name in names
            if Path(name).suffix.lower() in SUFFIXES
        ]
    if not found:
        raise DataError(f"{printable(place)}: no pictures", "name a folder with pictures in it")
    return sorted(found)


def unlabelled(places: Sequence[Path], classes: tuple[str, ...]) -> DataSet:
    """The pictures at `places`, each once, as a set in which nothing is labelled.

    classes: what is looked for. Raises as `picture_files`.
    """
    files = dict.fromkeys(file for place in places for file in picture_files(place))
    pictures = tuple(Picture(str(file), no_boxes(), loader(file), file=file) for file in files)
    return DataSet(", ".join(map(str, places)), pictures, classes=classes)
