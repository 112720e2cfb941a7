"""From annotated files to a data set: the steps that all readers share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from numpy.typing import ArrayLike

from dse.data.box_rules import CheckedBoxes, check_boxes
from dse.data.foreign import inside
from dse.data.picture_files import checked_size, loader
from dse.data.pictures import FACES, DataSet, Picture, Skipped
from dse.errors import DataError

__all__ = [
    "IN_PIXELS",
    "REPEATED",
    "assemble",
    "boxes_or_skip",
    "path_or_skip",
    "picture_or_skip",
    "size_or_skip",
]

EXAMPLES = 3
"""How many reasons an error message quotes."""

REPEATED = "listed before"
IN_PIXELS = "a box is given in pixels, not as fractions"


def path_or_skip(folder: Path, name: str, skipped: list[Skipped], seen: set[str]) -> Path | None:
    """Where the list of a data folder says a file is; None, and `skipped` grows, if that is
    outside or in `seen`, which grows otherwise: a file listed a million times is read once.
    """
    try:
        path = inside(folder, name)
    except DataError as error:
        skipped.append(Skipped(name, str(error)))
        return None
    place = str(path)
    if place in seen:
        skipped.append(Skipped(name, REPEATED))
        return None
    seen.add(place)
    return path


def size_or_skip(name: str, path: Path, skipped: list[Skipped]) -> tuple[int, int] | None:
    """Width and height of a readable picture; of another None, and `skipped` grows."""
    try:
        return checked_size(path)
    except DataError as error:
        skipped.append(Skipped(name, _without_path(str(error), path)))
        return None


def boxes_or_skip(
    name: str,
    boxes: ArrayLike,
    size: tuple[int, int],
    skipped: list[Skipped],
    *,
    invalid: ArrayLike | None = None,
) -> CheckedBoxes | None:
    """The boxes of a picture after the rules of `box_rules`; of a picture with too many None.

    All that is left out is added to `skipped`.
    """
    try:
        checked = check_boxes(name, boxes, size, invalid)
    except DataError as error:
        skipped.append(Skipped(name, str(error)))
        return None
    skipped.extend(checked.skipped)
    return checked


def picture_or_skip(
    name: str,
    path: Path,
    boxes: ArrayLike,
    skipped: list[Skipped],
    *,
    invalid: ArrayLike | None = None,
    size: tuple[int, int] | None = None,
) -> Picture | None:
    """A picture with its boxes after the rules of `box_rules`, or None if it cannot be used.

    boxes: (n, 4) x0, y0, x1, y1. size: width and height if already known. All that is left
    out is added to `skipped`.
    """
    size = size or size_or_skip(name, path, skipped)
    if size is None:
        return None
    checked = boxes_or_skip(name, boxes, size, skipped, invalid=invalid)
    if checked is None:
        return None
    return Picture(name, checked.found, loader(path), checked.ignored, file=path)


def assemble(
    source: str,
    pictures: Iterable[Picture],
    skipped: Sequence[Skipped],
    classes: tuple[str, ...] = FACES,
    notes: Sequence[str] = (),
) -> DataSet:
    """The data set, each name and file once. Raises DataError if no picture or box is left."""
    reasons = list(skipped)
    kept: dict[str, Picture] = {}
    files: set[Path | None] = set()
    for picture in pictures:
        if picture.name in kept or picture.file in files:
            reasons.append(Skipped(picture.name, REPEATED))
        else:
            kept[picture.name] = picture
            files.add(picture.file)
    data = DataSet(source, tuple(kept.values()), tuple(reasons), classes, tuple(notes))
    if not data.pictures:
        raise DataError(f"{source}: no picture can be used{_examples(reasons)}", _hint(reasons))
    if not data.faces:
        what = "face" if classes == FACES else "labelled object"
        raise DataError(
            f"{source}: none of {len(data)} pictures has a {what}{_examples(reasons)}",
            f"check the annotation: the search needs labelled {what.split()[-1]}s",
        )
    return data


def _without_path(message: str, path: Path) -> str:
    return message.removeprefix(f"{path}: ")


def _examples(reasons: Sequence[Skipped]) -> str:
    quoted = "; ".join(f"{item.name}: {item.reason}" for item in reasons[:EXAMPLES])
    more = f"; and {len(reasons) - EXAMPLES} more" if len(reasons) > EXAMPLES else ""
    return f" ({quoted}{more})" if quoted else ""


def _hint(reasons: Sequence[Skipped]) -> str:
    if any(one.reason.endswith(IN_PIXELS) for one in reasons):
        return "divide x and w by the picture's width, y and h by its height, as YOLO has it"
    if reasons:
        return "check that the pictures lie where the annotation says"
    return "the annotation lists no picture: check that it is complete"
