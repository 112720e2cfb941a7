"""Whole pictures with what was found on them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from dse.data.picture_files import SUFFIXES, load_pixels
from dse.evaluation import Finding
from dse.files import make_folder, whole_file
from dse.views.contact_sheet.thumbnail import drawn, found_shapes

__all__ = ["draw_all"]


def draw_all(
    files: Sequence[Path], pictures: Sequence[Finding], classes: Sequence[str], folder: Path
) -> list[Path]:
    """Writes each of `files` into `folder`, with the boxes of its picture, and returns the copies.

    Their paths within the folder that all have in common are kept, so that two files of one name
    stay apart. Raises FileError where the system refuses, DataError where a file has gone.
    """
    whole = [file.absolute() for file in files]
    shared = Path(os.path.commonpath([file.parent for file in whole]))
    written = []
    for file, one in zip(whole, pictures, strict=True):
        image = Image.fromarray(load_pixels(file))
        drawn(image, found_shapes(one.detections, image.size, classes))
        place = folder / file.relative_to(shared)
        if place.suffix.lower() not in SUFFIXES:
            place = place.with_name(f"{place.name}.png")
        make_folder(place.parent)
        with whole_file(place) as stream:
            image.save(stream, Image.registered_extensions()[place.suffix.lower()])
        written.append(place)
    return written
