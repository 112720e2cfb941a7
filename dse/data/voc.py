"""Pascal VOC folders: an XML file for each picture.

`Annotations/NAME.xml` goes with `JPEGImages/NAME.jpg`, and `ImageSets/Main/<part>.txt` lists
the names of a part (Everingham et al., "The PASCAL Visual Object Classes Challenge", IJCV
2010, and the development kit's readme). The folder may be `VOC2007` itself, or the one above,
or above that; `annotations` and `images` are known too, and `<part>/NAME.xml` with the
picture beside it. Boxes count pixels from 1, the last one included.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from dse.data.assembly import assemble, path_or_skip, picture_or_skip, size_or_skip
from dse.data.face_classes import face_classes
from dse.data.foreign import MOST_LIST_BYTES, is_there, lines
from dse.data.layouts import require
from dse.data.picture_files import SUFFIXES
from dse.data.pictures import DataSet, Picture, Skipped
from dse.data.splits import PART_NAMES, choose_part, hashed_split
from dse.data.voc_annotation import Annotation, read_annotation
from dse.errors import DataError

__all__ = ["read_voc"]

ANNOTATIONS = ("Annotations", "annotations")
IMAGES = ("JPEGImages", "images", "Images")


@dataclass(frozen=True)
class Listed:
    """Annotation files of a part. passed_over: what its list names twice, or outside."""

    paths: list[Path]
    passed_over: list[Skipped] = field(default_factory=list)


@dataclass(frozen=True)
class Item:
    """One annotation file: `picture` is where its picture should be."""

    name: str
    picture: Path
    annotation: Annotation


def read_voc(folder: Path, split: str) -> DataSet:
    """The pictures of `split` ("train", "val" or "eval") below the folder.

    Parts and hashed splits: see `splits`. Of several classes, those that sound like faces
    count (see `face_classes`); objects marked difficult are `ignored`. A picture is skipped
    if its XML is malformed, or tells another picture size. Raises DataError if the layout is
    wrong or nothing is left.
    """
    require("voc", folder)
    source = f"voc:{folder}"
    whole = [path for root in _roots(folder) for path in sorted(root.glob("*.xml"))]
    parts = _parts(folder)
    listed = _chosen(source, split, parts, Listed(whole))
    chosen, skipped = set(listed.paths), list(listed.passed_over)
    unread: list[Skipped] = []
    items = {  # of all parts, so that which classes are faces does not depend on the part
        path: _item_or_skip(folder, path, skipped if path in chosen else unread)
        for path in dict.fromkeys(
            [*whole, *(path for part in parts.values() for path in part.paths)]
        )
    }
    names = {thing.name for item in items.values() if item for thing in item.annotation.things}
    classes = face_classes(source, names)
    found = [_picture(item, classes, skipped) for path, item in items.items() if path in chosen]
    return assemble(source, (picture for picture in found if picture), skipped)


def _chosen(source: str, split: str, parts: dict[str, Listed], whole: Listed) -> Listed:
    """The annotation files of a split."""
    part = choose_part(source, split, parts, whole)
    if not part.hashed:
        return part.place
    chosen = [path for path in part.place.paths if hashed_split(path.stem) == split]
    if part.place.paths and not chosen:
        hint = "list parts of your own: ImageSets/Main/train.txt, val.txt and test.txt"
        raise DataError(f"{source}: too few pictures for a '{split}' part", hint)
    return replace(part.place, paths=chosen)


def _roots(folder: Path) -> Iterator[Path]:
    """Folders of annotation files: the years of a development kit, or the only one."""
    above = [folder, *sorted(folder.glob("VOC2*")), *sorted(folder.glob("VOCdevkit/VOC2*"))]
    for year in above:
        for name in ANNOTATIONS:
            if (year / name).is_dir():
                yield year / name
                break


def _parts(folder: Path) -> dict[str, Listed]:
    """Annotation files by part: from folders of parts, or from lists of names."""
    parts: dict[str, Listed] = {}
    for part in PART_NAMES:
        beside = Listed(sorted((folder / part).glob("*.xml")))
        listed = _listed(folder, part)
        if beside.paths or listed.paths or listed.passed_over:
            parts[part] = beside if beside.paths else listed
    return parts


def _listed(folder: Path, part: str) -> Listed:
    """What the lists of a part name, one list beside each folder of annotations."""
    listed, seen = Listed([]), set[str]()
    for root in _roots(folder):
        listing = root.parent / "ImageSets" / "Main" / f"{part}.txt"
        rows = lines(listing, MOST_LIST_BYTES) if is_there(listing) else []
        names = [row.split()[0] for row in rows if row.strip()]
        paths = [path_or_skip(root, f"{name}.xml", listed.passed_over, seen) for name in names]
        listed.paths.extend(path for path in paths if path is not None)
    return listed


def _item_or_skip(folder: Path, path: Path, skipped: list[Skipped]) -> Item | None:
    name = path.relative_to(folder).with_suffix("").as_posix()
    try:
        annotation = read_annotation(path)
    except DataError as error:
        skipped.append(Skipped(name, str(error)))
        return None
    return Item(name, _picture_path(path, annotation.filename), annotation)


def _picture_path(path: Path, filename: str) -> Path:
    """Where the picture is: the stem of the annotation, or the file name it tells, in the
    folders where pictures are: of a path that it tells only the last part counts."""
    places = [path.parent.parent / name for name in IMAGES] + [path.parent]
    names = [Path(filename).name] if filename else []
    names += [f"{path.stem}{suffix}" for suffix in sorted(SUFFIXES)]
    candidates = [place / name for place in places for name in names]
    there = (one for one in candidates if os.path.exists(one) and not os.path.isdir(one))
    return next(there, candidates[0])


def _picture(item: Item | None, classes: frozenset[str], skipped: list[Skipped]) -> Picture | None:
    if item is None:
        return None
    size = size_or_skip(item.name, item.picture, skipped)
    if size is None:
        return None
    told_size = item.annotation.size
    if told_size and told_size != size:
        told, is_ = (f"{width} x {height}" for width, height in (told_size, size))
        skipped.append(Skipped(item.name, f"annotated at {told} pixels, the picture is {is_}"))
        return None
    faces = [thing for thing in item.annotation.things if thing.name in classes]
    return picture_or_skip(
        item.name,
        item.picture,
        [thing.box for thing in faces],
        skipped,
        invalid=[thing.difficult for thing in faces],
        size=size,
    )
