"""Pascal VOC folders: an XML file for each picture.

`Annotations/NAME.xml` goes with `JPEGImages/NAME.jpg`, and `ImageSets/Main/<part>.txt` lists
the names of a part (Everingham et al., "The PASCAL Visual Object Classes Challenge", IJCV
2010, and the development kit's readme). The folder may be `VOC2007` itself, or the one above,
or above that; `annotations` and `images` are known too, and `<part>/NAME.xml` with the
picture beside it. Boxes count pixels from 1, the last one included.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from dse.data.assembly import assemble, picture_or_skip, size_or_skip
from dse.data.face_classes import face_classes
from dse.data.layouts import require
from dse.data.picture_files import SUFFIXES
from dse.data.pictures import DataSet, Picture, Skipped
from dse.data.splits import PART_NAMES, choose_part, hashed_split
from dse.errors import DataError

__all__ = ["read_voc"]

ANNOTATIONS = ("Annotations", "annotations")
IMAGES = ("JPEGImages", "images", "Images")


@dataclass(frozen=True)
class Item:
    """One annotation file: `picture` is where its picture should be."""

    name: str
    picture: Path
    size: tuple[int, int] | None
    objects: list[tuple[str, tuple[float, float, float, float], bool]]


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
    chosen = set(_chosen(source, split, parts, whole))
    skipped: list[Skipped] = []
    unread: list[Skipped] = []
    items = {  # of all parts, so that which classes are faces does not depend on the part
        path: _item_or_skip(folder, path, skipped if path in chosen else unread)
        for path in dict.fromkeys([*whole, *(path for part in parts.values() for path in part)])
    }
    names = {name for item in items.values() if item for name, _, _ in item.objects}
    classes = face_classes(source, names)
    found = [_picture(item, classes, skipped) for path, item in items.items() if path in chosen]
    return assemble(source, (picture for picture in found if picture), skipped)


def _chosen(source: str, split: str, parts: dict[str, list[Path]], whole: list[Path]) -> list[Path]:
    """The annotation files of a split."""
    part = choose_part(source, split, parts, whole)
    if not part.hashed:
        return part.place
    chosen = [path for path in part.place if hashed_split(path.stem) == split]
    if part.place and not chosen:
        hint = "list parts of your own: ImageSets/Main/train.txt, val.txt and test.txt"
        raise DataError(f"{source}: too few pictures for a '{split}' part", hint)
    return chosen


def _roots(folder: Path) -> Iterator[Path]:
    """Folders of annotation files: the years of a development kit, or the only one."""
    above = [folder, *sorted(folder.glob("VOC2*")), *sorted(folder.glob("VOCdevkit/VOC2*"))]
    for year in above:
        for name in ANNOTATIONS:
            if (year / name).is_dir():
                yield year / name
                break


def _parts(folder: Path) -> dict[str, list[Path]]:
    """Annotation files by part: from folders of parts, or from lists of names."""
    parts: dict[str, list[Path]] = {}
    for part in PART_NAMES:
        beside = sorted((folder / part).glob("*.xml"))
        listed = [path for root in _roots(folder) for path in _listed(root, part)]
        if beside or listed:
            parts[part] = beside or listed
    return parts


def _listed(annotations: Path, part: str) -> list[Path]:
    listing = annotations.parent / "ImageSets" / "Main" / f"{part}.txt"
    if not listing.is_file():
        return []
    lines = listing.read_text(encoding="utf-8", errors="replace").splitlines()
    return [annotations / f"{line.split()[0]}.xml" for line in lines if line.strip()]


def _item_or_skip(folder: Path, path: Path, skipped: list[Skipped]) -> Item | None:
    name = path.relative_to(folder).with_suffix("").as_posix()
    try:
        return _item(name, path)
    except ElementTree.ParseError as error:
        line, reason = error.position[0], str(error).partition(":")[0]
        skipped.append(Skipped(name, f"{path}:{line}: malformed XML ({reason})"))
    except (OSError, ValueError, DataError) as error:
        skipped.append(Skipped(name, str(error)))
    return None


def _item(name: str, path: Path) -> Item:
    root = ElementTree.parse(path).getroot()
    width, height = (_number(path, root, f"size/{side}", "0") for side in ("width", "height"))
    objects = [_object(path, index, one) for index, one in enumerate(root.iter("object"), start=1)]
    size = (round(width), round(height)) if width and height else None
    return Item(name, _picture_path(path, root.findtext("filename", "").strip()), size, objects)


def _object(
    path: Path, index: int, element: ElementTree.Element
) -> tuple[str, tuple[float, float, float, float], bool]:
    where = f"object {index}: "
    x0, y0, x1, y1 = (
        _number(path, element, f"bndbox/{side}", "", where)
        for side in ("xmin", "ymin", "xmax", "ymax")
    )
    is_difficult = element.findtext("difficult", "0").strip() == "1"
    return element.findtext("name", "").strip(), (x0 - 1, y0 - 1, x1, y1), is_difficult


def _number(
    path: Path, element: ElementTree.Element, tag: str, default: str, where: str = ""
) -> float:
    text = element.findtext(tag, default)
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not abs(value) < float("inf"):
        raise DataError(f"{path}: {where}expected a number in <{tag}>, found '{text}'")
    return value


def _picture_path(path: Path, filename: str) -> Path:
    """Where the picture is: the stem of the annotation, or the file name it tells."""
    places = [path.parent.parent / name for name in IMAGES] + [path.parent]
    names = [Path(filename).name] if filename else []
    names += [f"{path.stem}{suffix}" for suffix in sorted(SUFFIXES)]
    candidates = [place / name for place in places for name in names]
    return next((one for one in candidates if one.is_file()), candidates[0])


def _picture(item: Item | None, classes: frozenset[str], skipped: list[Skipped]) -> Picture | None:
    if item is None:
        return None
    size = size_or_skip(item.name, item.picture, skipped)
    if size is None:
        return None
    if item.size and item.size != size:
        told, is_ = (f"{width} x {height}" for width, height in (item.size, size))
        skipped.append(Skipped(item.name, f"annotated at {told} pixels, the picture is {is_}"))
        return None
    faces = [(box, difficult) for name, box, difficult in item.objects if name in classes]
    return picture_or_skip(
        item.name,
        item.picture,
        [box for box, _ in faces],
        skipped,
        invalid=[difficult for _, difficult in faces],
        size=size,
    )
