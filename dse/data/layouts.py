"""What each kind of data folder looks like, and what to say of one that does not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dse.errors import DataError

__all__ = ["LAYOUTS", "Layout", "require"]


@dataclass(frozen=True)
class Layout:
    """markers: patterns of which one must match inside the folder; expected: for people."""

    markers: tuple[str, ...]
    expected: str

    def fits(self, folder: Path) -> bool:
        """Whether the folder looks like this kind."""
        return any(next(folder.glob(marker), None) is not None for marker in self.markers)


LAYOUTS = {
    "wider": Layout(
        ("wider_face_split/wider_face_*_bbx_gt.txt",),
        "wider_face_split/wider_face_train_bbx_gt.txt and WIDER_train/images/EVENT/FILE.jpg, "
        "the same for val",
    ),
    "fddb": Layout(
        ("FDDB-folds/FDDB-fold-*-ellipseList.txt",),
        "FDDB-folds/FDDB-fold-01-ellipseList.txt and originalPics/2002/...",
    ),
    "voc": Layout(
        (
            "[Aa]nnotations/*.xml",
            "VOC2*/Annotations/*.xml",
            "VOCdevkit/VOC2*/Annotations/*.xml",
            "train/*.xml",
        ),
        "Annotations/NAME.xml, JPEGImages/NAME.jpg and, if wanted, ImageSets/Main/train.txt",
    ),
    "yolo": Layout(
        ("labels/**/*.txt", "*/labels/**/*.txt", "classes.txt"),
        "images/train/NAME.jpg and labels/train/NAME.txt (or train/images and train/labels, "
        "or images and labels without splits)",
    ),
}


def require(kind: str, folder: Path) -> None:
    """Raises DataError unless the folder exists and looks like `kind`; the hint says why."""
    expected = f"'{kind}:DIR' expects in DIR: {LAYOUTS[kind].expected}"
    if not folder.exists():
        raise DataError(f"there is no folder {folder}", expected)
    if not folder.is_dir():
        raise DataError(f"{folder} is a file, not a folder", expected)
    try:
        _require_fit(kind, folder, expected)
    except PermissionError as error:
        raise DataError(f"{folder} cannot be opened: {error}", "check its permissions") from error


def _require_fit(kind: str, folder: Path, expected: str) -> None:
    if LAYOUTS[kind].fits(folder):
        return
    if next(folder.iterdir(), None) is None:
        raise DataError(f"the folder {folder} is empty", expected)
    guess = _guess(kind, folder)
    hint = f"did you mean '{guess}'? {expected}" if guess else expected
    raise DataError(f"{folder} does not have the {kind} layout", hint)


def _guess(kind: str, folder: Path) -> str | None:
    """The specification that was probably meant: a folder near by, or another kind."""
    near = [folder.resolve().parent, *sorted(path for path in folder.iterdir() if path.is_dir())]
    for place in near:
        if LAYOUTS[kind].fits(place):
            return f"{kind}:{place}"
    for other, layout in LAYOUTS.items():
        if layout.fits(folder):
            return f"{other}:{folder}"
    return None
