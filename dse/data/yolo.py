"""YOLO folders: a text file beside, or parallel to, each picture.

A line is `class cx cy w h`, the last four as fractions of the picture's width and height
(https://docs.ultralytics.com/datasets/detect), or `class x y x y ...`, the outline of the object.
Known arrangements: `images/<part>` and `labels/<part>`; `<part>/images` and `<part>/labels`;
`images` and `labels` alone; text files beside the pictures; lists `train.txt`, `val.txt`,
`test.txt` of paths, as Darknet has them: pictures elsewhere are skipped. A picture without a text
file, or with an empty one, has no object; how many have none is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dse.data.assembly import IN_PIXELS, REPEATED
from dse.data.folder_set import FolderSet, Listed, as_data_set
from dse.data.foreign import MOST_LIST_BYTES, excerpt, inside, lines, numbers
from dse.data.labelled import Labelled
from dse.data.layouts import open_tree
from dse.data.pictures import DataSet, Skipped
from dse.data.splits import PART_NAMES, part_word, split_of
from dse.data.tree import Tree, parts_of, stem_of
from dse.data.yolo_classes import YoloSettings, yolo_settings
from dse.errors import DataError

__all__ = ["read_yolo"]

LARGEST_FRACTION = 2.0
"""A number above is no fraction of a picture, but surely pixels."""

UNNAMED = "class"
"""Begins the name of a class that no list names; its number follows."""

IMAGES = ("images", "imgs", "image", "img", "jpegimages")
LABELS = "labels"
"""Folders of pictures, in lower case, and the one beside them."""


def read_yolo(folder: Path, split: str) -> DataSet:
    """The pictures of `split` ("train", "val" or "eval") below the folder, with all classes.

    Parts, and how a set without them is divided: see `splits`. The classes are called as
    `data.yaml`, another YAML file, or a list of names says, else `class0`, `class1`, ... A picture
    with a malformed text file is skipped, with file and line as the reason. Raises DataError if
    the layout is wrong or nothing is left.
    """
    tree = open_tree("yolo", folder)
    settings = yolo_settings(tree)
    whole = _whole(tree)
    notes: list[str] = []
    places = _parts(tree, settings, whole, notes)
    paths = [*whole, *(path for place in places.values() for path in place.paths)]
    texts = _texts(tree, paths)
    read = {
        path: _labelled_or_skip(tree.folder, path, text, settings) for path, text in texts.items()
    }
    _say_unlabelled(texts, notes)
    parts = {name: _listed(read, place) for name, place in places.items()}
    names = list(settings.names.values()) or _numbered(read.values())
    return as_data_set(
        FolderSet(f"yolo:{folder}", parts, _listed(read, _Place(whole)), names, notes), split
    )


def _numbered(read: Iterable[Labelled | Skipped]) -> list[str]:
    """The names of classes that no list names, in the order of their numbers."""
    found = {label for one in read if isinstance(one, Labelled) for label in one.labels if label}
    return sorted(found, key=lambda label: int(label.removeprefix(UNNAMED)))


@dataclass(frozen=True)
class _Place:
    """Pictures of a part. passed_over: what its list names twice, or outside."""

    paths: Sequence[str] = ()
    passed_over: Sequence[Skipped] = ()


def _whole(tree: Tree) -> Sequence[str]:
    """All pictures: those of a folder of images, where there is one at the top."""
    for folder in tree.folders:
        if folder.lower() in IMAGES and tree.below(folder):
            return tree.below(folder)
    return tree.pictures


def _parts(
    tree: Tree, settings: YoloSettings, whole: Sequence[str], notes: list[str]
) -> dict[str, _Place]:
    """By folders called after parts; by lists; by what the settings say, which counts most."""
    folders: dict[str, list[str]] = {}
    for path in tree.pictures:
        word = next((one for one in map(part_word, parts_of(path)[:-1]) if one), None)
        if word:
            folders.setdefault(word, []).append(path)
    parts = {
        name: _Place(paths)
        for name, paths in folders.items()
        if split_of(name) == "train" or _any_text(tree, paths)
    }
    for name in sorted(folders.keys() - parts.keys()):
        notes.append(f"'{name}' has {len(folders[name]):,} pictures and no label: left out")
    for path in tree.ending(".txt"):
        name = stem_of(path).lower()
        if name in PART_NAMES and path.rpartition("/")[0] in ("", "data", "ImageSets"):
            parts[name] = _by_list(tree, path)
    for name, told in settings.parts.items():
        place = _told(tree, told)
        if place and _any_text(tree, place.paths):
            parts[name] = place
    return _without_repeats(parts, notes)


def _told(tree: Tree, told: str) -> _Place | None:
    """What a setting means: a list, or a folder, of this or another machine; None if neither."""
    found = tree.locate(told)
    if found in tree.files:
        return _by_list(tree, found) if found.endswith(".txt") else None
    return _Place(tree.below(found)) if found else None


def _without_repeats(parts: dict[str, _Place], notes: list[str]) -> dict[str, _Place]:
    """Without the parts that are another's pictures under a second name."""
    kept: dict[str, _Place] = {}
    for name in sorted(parts, key=PART_NAMES.index):
        same = next((one for one in kept if set(kept[one].paths) == set(parts[name].paths)), None)
        if same and parts[name].paths and split_of(same) != split_of(name):
            notes.append(f"'{name}' has the pictures of '{same}': left out")
        else:
            kept[name] = parts[name]
    return kept


def _by_list(tree: Tree, listing: str) -> _Place:
    """The pictures that a list names, in its order."""
    skipped: list[Skipped] = []
    found: dict[str, None] = {}
    for name in map(str.strip, lines(tree.folder / listing, MOST_LIST_BYTES)):
        if not name:
            continue
        try:
            path = tree.locate(name) or _lost(tree, name)
        except DataError as error:
            skipped.append(Skipped(name, str(error)))
            continue
        if path in found:
            skipped.append(Skipped(name, REPEATED))
        found[path] = None
    return _Place(list(found), skipped)


def _lost(tree: Tree, name: str) -> str:
    """Where a file should be that is not there. Raises DataError for a place outside."""
    return inside(tree.folder, name).relative_to(tree.folder).as_posix()


def _any_text(tree: Tree, paths: Sequence[str]) -> bool:
    return any(text for text in _texts(tree, paths).values())


def _texts(tree: Tree, paths: Sequence[str]) -> dict[str, str | None]:
    """The text file of each picture: in the folder of labels beside that of pictures, beside the
    picture, or the only one of that name in any folder of labels."""
    labels: dict[str, list[str]] = {}
    for text in tree.ending(".txt"):
        if LABELS in map(str.lower, parts_of(text)[:-1]):
            labels.setdefault(stem_of(text).casefold(), []).append(text)
    return {path: _text(tree, path, labels) for path in paths}


def _text(tree: Tree, path: str, labels: Mapping[str, Sequence[str]]) -> str | None:
    *folders, _ = parts_of(path)
    stem = stem_of(path)
    for place in reversed(range(len(folders))):
        if folders[place].lower() in IMAGES:
            beside = [*folders[:place], LABELS, *folders[place + 1 :], f"{stem}.txt"]
            if found := tree.find("/".join(beside)):
                return found
    if found := tree.find("/".join([*folders, f"{stem}.txt"])):
        return found
    apart = labels.get(stem.casefold(), ())
    return apart[0] if len(apart) == 1 else None


def _say_unlabelled(texts: Mapping[str, str | None], notes: list[str]) -> None:
    count = sum(text is None for text in texts.values())
    if count:
        notes.append(f"{count:,} of {len(texts):,} pictures have no text file: without objects")


def _listed(read: Mapping[str, Labelled | Skipped], place: _Place) -> Listed:
    found = [read[path] for path in place.paths]
    skipped = [one for one in found if isinstance(one, Skipped)]
    told = [one for one in found if isinstance(one, Labelled)]
    return Listed(told, [*place.passed_over, *skipped])


def _labelled_or_skip(
    folder: Path, path: str, text: str | None, settings: YoloSettings
) -> Labelled | Skipped:
    try:
        rows = [] if text is None else _rows(folder / text)
    except DataError as error:
        return Skipped(path, str(error))
    labels = [_label(int(row[0]), settings) for row in rows]
    unknown = tuple(
        Skipped(f"{path} box {place}", _no_such_class(int(row[0]), settings))
        for place, (row, label) in enumerate(zip(rows, labels, strict=True), start=1)
        if label is None
    )
    boxes = np.array([row[1:] for row in rows], np.float64).reshape(-1, 4)
    return Labelled(path, folder / path, boxes, tuple(labels), fractions=True, skipped=unknown)


def _label(number: int, settings: YoloSettings) -> str | None:
    return settings.names.get(number) if settings.names else f"{UNNAMED}{number}"


def _no_such_class(number: int, settings: YoloSettings) -> str:
    return f"no name for class {number} in {settings.source}: counts neither way"


def _rows(path: Path) -> list[list[float]]:
    """Class, and corners as fractions, of each line. Raises DataError with file and line."""
    return [
        _row(f"{path}:{index}", line.split())
        for index, line in enumerate(lines(path), start=1)
        if line.strip()
    ]


def _row(where: str, fields: list[str]) -> list[float]:
    """class cx cy w h, maybe with a score behind it; or class and the points of an outline."""
    row = numbers(fields)
    is_outline = len(fields) > 6 and len(fields) % 2 == 1
    if row is None or not (len(row) in (5, 6) or is_outline) or row[0] % 1 or row[0] < 0:
        found = excerpt(" ".join(fields[:8]))
        raise DataError(f"{where}: expected 'class cx cy w h', found '{found}'")
    if max(map(abs, row[1:])) > LARGEST_FRACTION:
        raise DataError(f"{where}: {IN_PIXELS}")
    if is_outline:
        x, y = row[1::2], row[2::2]
        return [row[0], min(x), min(y), max(x), max(y)]
    centre_x, centre_y, width, height = row[1:5]
    left, top = centre_x - width / 2, centre_y - height / 2
    return [row[0], left, top, centre_x + width / 2, centre_y + height / 2]
