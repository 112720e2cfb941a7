"""COCO folders: one JSON file for a part, with all its pictures, boxes and classes.

`annotations/instances_<part>.json` with the pictures in `<part>/` (Lin et al., "Microsoft COCO:
Common Objects in Context", ECCV 2014, and its "data format" page), or Roboflow's
`<part>/_annotations.coco.json` beside them. Boxes are x, y, width, height in pixels from 0; a
crowd is no object to find, and counts neither way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct

from dse.data.coco_lists import coco_lists, part_of_list
from dse.data.folder_set import FolderSet, Listed, as_data_set
from dse.data.foreign import LARGEST_NUMBER, content, excerpt
from dse.data.labelled import Labelled
from dse.data.layouts import open_tree
from dse.data.pictures import DataSet, Skipped
from dse.data.splits import part_word
from dse.data.tree import Tree, parts_of
from dse.errors import DataError
from dse.schema import in_words

__all__ = ["read_coco"]

MOST_COCO_BYTES = 600 << 20
"""COCO's own list of 118,287 pictures has 448 MB, most of it outlines, which are passed over."""

HINT = "it must have 'images', 'annotations' and 'categories', as COCO's lists have"

Id = int | str


class _Image(Struct, frozen=True):
    id: Id
    file_name: str
    width: float | None = None
    height: float | None = None


class _Object(Struct, frozen=True):
    image_id: Id
    category_id: Id
    bbox: tuple[float, ...] | None = None
    iscrowd: float | bool | None = None


class _Category(Struct, frozen=True):
    id: Id
    name: str


class _List(Struct, frozen=True):
    images: tuple[_Image, ...]
    annotations: tuple[_Object, ...]
    categories: tuple[_Category, ...]


def read_coco(folder: Path, split: str) -> DataSet:
    """The pictures of `split` ("train", "val" or "eval") below the folder, with all classes.

    Parts, and how a set without them is divided: see `splits`. Raises DataError if the layout is
    wrong, a list cannot be understood, or nothing is left.
    """
    tree = open_tree("coco", folder)
    parts: dict[str, Listed] = {}
    whole = Listed()
    names: dict[str, None] = {}
    for path in coco_lists(tree):
        told = _read(tree.folder / path)
        names |= dict.fromkeys(one.name.strip() for one in sorted(told.categories, key=_order))
        listed = _listed(tree, path, told)
        part = part_of_list(path)
        whole = _joined(whole, listed)
        if part:
            parts[part] = _joined(parts.get(part, Listed()), listed)
    return as_data_set(FolderSet(f"coco:{folder}", parts, whole, list(names)), split)


def _order(category: _Category) -> tuple[int, str]:
    return (category.id, "") if isinstance(category.id, int) else (0, category.id)


def _joined(first: Listed, second: Listed) -> Listed:
    return Listed([*first.pictures, *second.pictures], [*first.skipped, *second.skipped])


def _read(path: Path) -> _List:
    try:
        return msgspec.json.decode(content(path, MOST_COCO_BYTES), type=_List)
    except msgspec.ValidationError as error:
        raise DataError(f"{path}: {in_words(str(error))}", HINT) from error
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise DataError(f"{path}: not JSON ({excerpt(error, 200)})", HINT) from error


def _listed(tree: Tree, path: str, told: _List) -> Listed:
    """The pictures of a list, in its order."""
    objects: dict[Id, list[_Object]] = defaultdict(list)
    for one in told.annotations:
        objects[one.image_id].append(one)
    names = {one.id: one.name.strip() for one in told.categories}
    found = [
        _labelled(tree, path, image, objects.pop(image.id, []), names) for image in told.images
    ]
    lost = sum(map(len, objects.values()))
    skipped = [Skipped(path, f"{lost} boxes of pictures that it does not list")] if lost else []
    return Listed(found, skipped)


def _labelled(
    tree: Tree, path: str, image: _Image, objects: Sequence[_Object], names: Mapping[Id, str]
) -> Labelled:
    place = _picture_path(tree, path, image.file_name)
    boxes, kept, skipped = [], [], []
    for number, one in enumerate(objects, start=1):
        label, box = names.get(one.category_id), _corners(one.bbox)
        where = f"{place} box {number}"
        if box is None:
            skipped.append(Skipped(where, "no box 'x, y, width, height'"))
            continue
        if not label:
            told = excerpt(one.category_id)
            skipped.append(Skipped(where, f"no name for class {told}: counts neither way"))
        boxes.append(box)
        kept.append((label or None, bool(one.iscrowd)))
    return Labelled(
        place,
        tree.folder / place,
        np.array(boxes, np.float64).reshape(-1, 4),
        tuple(label for label, _ in kept),
        tuple(crowd for _, crowd in kept),
        _size(image),
        skipped=tuple(skipped),
    )


def _corners(bbox: tuple[float, ...] | None) -> tuple[float, float, float, float] | None:
    if bbox is None or len(bbox) != 4 or sum(map(abs, bbox)) > LARGEST_NUMBER:
        return None
    x, y, width, height = bbox
    return x, y, x + width, y + height


def _size(image: _Image) -> tuple[int, int] | None:
    """As the list tells it; (0, 0) for what no picture has."""
    if image.width is None or image.height is None:
        return None
    sides = (image.width, image.height)
    if not 1 <= min(sides) <= max(sides) <= LARGEST_NUMBER:
        return 0, 0
    return round(sides[0]), round(sides[1])


def _picture_path(tree: Tree, path: str, name: str) -> str:
    """Where a picture is: beside the list, in the folder of its part, or anywhere; where it is
    not, the last part of its name."""
    name = name.replace("\\", "/")
    if found := tree.find("/".join([*parts_of(path)[:-1], name])):
        return found
    last, part = name.rpartition("/")[2], part_of_list(path)
    there = tree.by_name.get(last.casefold(), [])
    of_part = [one for one in there if part and part in map(part_word, parts_of(one))]
    return next((one for one in of_part if one.endswith(name)), (of_part or there or [last])[0])
