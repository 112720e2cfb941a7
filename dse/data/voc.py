"""Pascal VOC folders: an XML file for each picture.

`Annotations/NAME.xml` goes with `JPEGImages/NAME.jpg`, and `ImageSets/Main/<part>.txt` lists
the names of a part (Everingham et al., "The PASCAL Visual Object Classes Challenge", IJCV
2010, and the development kit's readme). The folder may be `VOC2007` itself, or the one above,
or above that. What tools have made of it is read, too: XML files in folders of any name or
beside the pictures, and folders of parts. Boxes count pixels from 1, the last one included.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from dse.data.assembly import REPEATED
from dse.data.folder_set import FolderSet, Listed, as_data_set
from dse.data.foreign import MOST_LIST_BYTES, inside, lines
from dse.data.labelled import Labelled
from dse.data.layouts import open_tree
from dse.data.picture_files import SUFFIXES
from dse.data.pictures import DataSet, Skipped
from dse.data.splits import PART_NAMES, part_word
from dse.data.tree import Tree, parts_of, stem_of, suffix_of
from dse.data.voc_annotation import read_annotation
from dse.errors import DataError

__all__ = ["read_voc"]

OFFICIAL = "annotations"
IMAGES = "JPEGImages"
LISTS = ("ImageSets/Main/", "ImageSets/")

NAME_FILES = ("labels.txt", "classes.txt")
"""Where trainers list the classes, which tells their order."""

NAMELESS = "an object without a name counts neither way"

Read = Mapping[str, Labelled | Skipped]


def read_voc(folder: Path, split: str) -> DataSet:
    """The pictures of `split` ("train", "val" or "eval") below the folder, with all classes.

    Parts, and how a set without them is divided: see `splits`. Objects marked difficult are
    `ignored`. A picture is skipped if its XML is malformed, or tells a size of another shape.
    Raises DataError if the layout is wrong or nothing is left.
    """
    tree = open_tree("voc", folder)
    paths = _annotations(tree)
    passed_over: dict[str, list[Skipped]] = {}
    parts = _parts_by_list(tree, paths, passed_over) or _parts_by_folder(paths)
    read = {
        path: _labelled_or_skip(tree, path)
        for path in dict.fromkeys([*paths, *(one for part in parts.values() for one in part)])
    }
    listed = {name: _listed(read, part, passed_over.get(name, [])) for name, part in parts.items()}
    names = _listed_classes(tree)
    return as_data_set(FolderSet(f"voc:{folder}", listed, _listed(read, paths, []), names), split)


def _annotations(tree: Tree) -> list[str]:
    """The XML files that count: those in folders of the official name, or else all."""
    found = tree.ending(".xml")
    official = [path for path in found if OFFICIAL in map(str.lower, parts_of(path)[:-1])]
    return official if official and not _parts_by_folder(found) else found


def _parts_by_folder(paths: Iterable[str]) -> dict[str, list[str]]:
    """Annotation files by the first folder that is called after a part."""
    parts: dict[str, list[str]] = {}
    for path in paths:
        word = next((one for one in map(part_word, parts_of(path)[:-1]) if one), None)
        if word:
            parts.setdefault(word, []).append(path)
    return parts


def _parts_by_list(
    tree: Tree, paths: list[str], passed_over: dict[str, list[Skipped]]
) -> dict[str, list[str]]:
    """Annotation files that `ImageSets` names; `passed_over` gets what is twice or outside."""
    parts: dict[str, list[str]] = {}
    for listing in tree.ending(".txt"):
        folder, _, name = listing.rpartition("/")
        within = next((one for one in LISTS if f"/{folder}/".endswith(f"/{one}")), None)
        if within is None or name[:-4].lower() not in PART_NAMES:
            continue
        root = f"{folder}/"[: -len(within)]
        beside = [path for path in paths if path.startswith(root)]
        skipped = passed_over.setdefault(name[:-4].lower(), [])
        part = parts.setdefault(name[:-4].lower(), [])
        part += _named(tree, lines(tree.folder / listing, MOST_LIST_BYTES), beside, root, skipped)
    order = {path: place for place, path in enumerate(paths)}
    return {
        name: sorted(part, key=lambda path: order.get(path, len(order)))
        for name, part in parts.items()
        if part or passed_over[name]
    }


def _named(
    tree: Tree, rows: list[str], paths: list[str], root: str, skipped: list[Skipped]
) -> list[str]:
    """The annotation files that the rows of a list name, whatever stands with the names."""
    home = paths[0].rpartition("/")[0] if paths else f"{root}Annotations"
    exact = {stem_of(path): path for path in reversed(paths)}
    by_stem = {stem.casefold(): path for stem, path in exact.items()} | exact
    found: dict[str, None] = {}
    for row in filter(None, map(str.strip, rows)):
        first = row.split()[0]
        stems = [_stem(text) for text in (row, row.rpartition(" ")[0].strip(), first)]
        either = (by_stem.get(one) for one in (*stems, *map(str.casefold, stems)))
        try:
            path = next(filter(None, either), None) or _lost(tree, home, first)
        except DataError as error:
            skipped.append(Skipped(f"{first}.xml", str(error)))
            continue
        if path in found:
            skipped.append(Skipped(path, REPEATED))
        found[path] = None
    return list(found)


def _stem(row: str) -> str:
    """A name without the folders before it and the ending of a picture or annotation."""
    name = row.replace("\\", "/").rpartition("/")[2]
    return name[: -len(suffix_of(name))] if suffix_of(name) in {*SUFFIXES, ".xml"} else name


def _lost(tree: Tree, home: str, name: str) -> str:
    """Where a file should be that is not there. Raises DataError for a place outside."""
    return inside(tree.folder / home, f"{name}.xml").relative_to(tree.folder).as_posix()


def _listed(read: Read, paths: Iterable[str], passed_over: list[Skipped]) -> Listed:
    found = [read[path] for path in paths]
    skipped = [one for one in found if isinstance(one, Skipped)]
    return Listed([one for one in found if isinstance(one, Labelled)], [*passed_over, *skipped])


def _listed_classes(tree: Tree) -> list[str]:
    """Names of the classes in the folder's order, where a file says it."""
    path = next((name for name in NAME_FILES if name in tree.files), None)
    rows = lines(tree.folder / path) if path else []
    return [name for row in rows for name in map(str.strip, row.split(",")) if name]


def _labelled_or_skip(tree: Tree, path: str) -> Labelled | Skipped:
    name = path[: -len(".xml")]
    try:
        told = read_annotation(tree.folder / path)
    except DataError as error:
        return Skipped(name, str(error))
    nameless = [number for number, one in enumerate(told.things, start=1) if not one.name]
    return Labelled(
        name,
        tree.folder / _picture_path(tree, path, told.filename),
        np.array([thing.box for thing in told.things], np.float64).reshape(-1, 4),
        tuple(thing.name or None for thing in told.things),
        tuple(thing.difficult for thing in told.things),
        told.size,
        skipped=tuple(Skipped(f"{name} box {number}", NAMELESS) for number in nameless),
    )


def _picture_path(tree: Tree, path: str, filename: str) -> str:
    """Where the picture is: of the file name that the annotation tells, or of its own name, the
    nearest one. Of a path that it tells only the last part counts."""
    told = filename.replace("\\", "/").rpartition("/")[2]
    for name in (told, _stem(told), stem_of(path)):
        found = tree.by_name.get(name.casefold(), []) if name else []
        if found:
            return max(found, key=lambda one: (_nearness(path, one), one.endswith(name)))
    return _expected(tree, path, told)


def _nearness(path: str, other: str) -> tuple[int, int]:
    """How alike the folders of two files are: those they begin with, those they end with."""
    first, second = parts_of(path)[:-1], parts_of(other)[:-1]
    return _shared(first, second), _shared(first[::-1], second[::-1])


def _shared(first: list[str], second: list[str]) -> int:
    count = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        count += 1
    return count


def _expected(tree: Tree, path: str, told: str) -> str:
    """Where the picture would be in the official layout, or beside its annotation."""
    folders = parts_of(path)[:-1]
    if folders and folders[-1].lower() == OFFICIAL:
        folders[-1] = IMAGES
    return "/".join([*folders, told or f"{stem_of(path)}.jpg"])
