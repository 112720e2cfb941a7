"""What each kind of data folder looks like, and what to say of one that does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dse.data.coco_lists import coco_lists
from dse.data.tree import Tree, parts_of, scan, stem_of
from dse.errors import DataError

__all__ = ["LAYOUTS", "Layout", "layout_of", "open_tree", "require"]


@dataclass(frozen=True)
class Layout:
    """expected: for people. marker: a pattern that must match inside the folder; where there is
    none, `shows` tells it from what lies below."""

    expected: str
    marker: str = ""
    shows: Callable[[Tree], bool] = lambda tree: False

    def fits(self, folder: Path, tree: Tree | None = None) -> bool:
        """Whether the folder looks like this kind. tree: of the folder, where it was read."""
        if self.marker:
            return next(folder.glob(self.marker), None) is not None
        return self.shows(tree or scan(folder))


def _shows_text(tree: Tree) -> bool:
    """Text files in a folder of labels or beside pictures of the same name, or a list of names."""
    for path in tree.ending(".txt", ".names"):
        *folders, name = parts_of(path)
        if name == "classes.txt" or any(one.lower() == "labels" for one in folders):
            return True
        if path.endswith(".names") or stem_of(path).casefold() in tree.by_name:
            return True
    return False


LAYOUTS = {
    "wider": Layout(
        "wider_face_split/wider_face_train_bbx_gt.txt and WIDER_train/images/EVENT/FILE.jpg, "
        "the same for val",
        marker="wider_face_split/wider_face_*_bbx_gt.txt",
    ),
    "fddb": Layout(
        "FDDB-folds/FDDB-fold-01-ellipseList.txt and originalPics/2002/...",
        marker="FDDB-folds/FDDB-fold-*-ellipseList.txt",
    ),
    "coco": Layout(
        "annotations/instances_train2017.json and train2017/NAME.jpg, the same for val2017, or "
        "train/_annotations.coco.json beside the pictures",
        shows=lambda tree: bool(coco_lists(tree)),
    ),
    "voc": Layout(
        "Annotations/NAME.xml, JPEGImages/NAME.jpg and, if wanted, ImageSets/Main/train.txt, or "
        "train/NAME.xml beside train/NAME.jpg",
        shows=lambda tree: bool(tree.ending(".xml")),
    ),
    "yolo": Layout(
        "images/train/NAME.jpg and labels/train/NAME.txt (or train/images and train/labels, "
        "or images and labels without splits)",
        shows=_shows_text,
    ),
}


def require(kind: str, folder: Path) -> None:
    """Raises DataError unless the folder exists and looks like `kind`; the hint says why."""
    _opened(kind, folder)


def open_tree(kind: str, folder: Path) -> Tree:
    """What lies below the folder, after the same demands."""
    return _opened(kind, folder) or scan(folder)


def layout_of(folder: Path) -> str:
    """The kind of a folder; the first of `LAYOUTS` that fits. Raises DataError for none."""
    known = "; ".join(f"{kind}: {layout.expected}" for kind, layout in LAYOUTS.items())
    expected = f"known layouts: {known}"
    _require_folder(folder, "give the folder that holds the pictures and their labels")
    tree = scan(folder)
    for kind, layout in LAYOUTS.items():
        if layout.fits(folder, tree):
            return kind
    if tree.pictures:
        what = f"{len(tree.pictures):,} pictures and no labels"
    else:
        what = "neither pictures nor labels" if tree.files else "nothing: it is empty"
    raise DataError(f"{folder} has {what}", expected)


def _opened(kind: str, folder: Path) -> Tree | None:
    expected = f"'{kind}:DIR' expects in DIR: {LAYOUTS[kind].expected}"
    _require_folder(folder, expected)
    try:
        return _fitting(kind, folder, expected)
    except PermissionError as error:
        raise DataError(f"{folder} cannot be opened: {error}", "check its permissions") from error


def _require_folder(folder: Path, expected: str) -> None:
    if not folder.exists():
        raise DataError(f"there is no folder {folder}", expected)
    if not folder.is_dir():
        raise DataError(f"{folder} is a file, not a folder", expected)


def _fitting(kind: str, folder: Path, expected: str) -> Tree | None:
    """The tree, where it had to be read to see that the folder fits. Raises DataError."""
    layout = LAYOUTS[kind]
    tree = None if layout.marker else scan(folder)
    if layout.fits(folder, tree):
        return tree
    if next(folder.iterdir(), None) is None:
        raise DataError(f"the folder {folder} is empty", expected)
    guess = _guess(kind, folder, tree or scan(folder))
    hint = f"did you mean '{guess}'? {expected}" if guess else expected
    raise DataError(f"{folder} does not have the {kind} layout", hint)


def _guess(kind: str, folder: Path, tree: Tree) -> str | None:
    """The specification that was probably meant: a folder near by, or another kind."""
    if LAYOUTS[kind].marker:
        near = [
            folder.resolve().parent,
            *sorted(path for path in folder.iterdir() if path.is_dir()),
        ]
        for place in near:
            if LAYOUTS[kind].fits(place):
                return f"{kind}:{place}"
    for other, layout in LAYOUTS.items():
        if layout.fits(folder, tree):
            return f"{other}:{folder}"
    return None
