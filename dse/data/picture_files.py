"""Picture files as RGB pixels: what can be read, what is refused, and how either is told.

Rules: the EXIF orientation is applied, so boxes are in the picture as a viewer shows it;
grey, palette and CMYK become RGB; transparent parts become the letterbox's grey; of an
animation the first frame counts.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from dse.data.letterbox import FILL
from dse.errors import DataError

__all__ = ["SUFFIXES", "checked_size", "load_pixels", "loader"]

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".ppm"})
"""Endings, in lower case, of the files that a folder reader takes for pictures."""

HINT = "replace the file, or remove it and its annotation"

END_MARKERS = {"JPEG": b"\xff\xd9", "PNG": b"IEND"}
"""What the last bytes of a whole file hold (ITU-T T.81 B.1.1.3; PNG specification 11.2.5)."""

TAIL_BYTES = 1024
"""How far from the end a marker may lie: cameras append a few bytes of their own."""

ORIENTATION = 0x0112
TURNED = (5, 6, 7, 8)
"""EXIF tag, and its values that swap width and height (EXIF 2.32, 4.6.4)."""


def loader(path: Path) -> partial[NDArray[np.uint8]]:
    """`Picture.load` for a file: picklable, reads when called."""
    return partial(load_pixels, path)


def load_pixels(path: Path) -> NDArray[np.uint8]:
    """The picture in a file, uint8 (height, width, 3) RGB. Raises DataError naming the file."""
    try:
        with Image.open(path) as image:
            image.load()
            return np.array(_as_rgb(ImageOps.exif_transpose(image)), np.uint8)
    except Exception as error:  # a decoder fed rubbish raises whatever it likes
        raise _refusal(path, error) from error


def checked_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels, upright, without decoding a sound file.

    Reads the header and the end marker; where that is missing, tries the whole file.
    Raises DataError if the file is missing, empty, truncated or no picture.
    """
    try:
        with open(path, "rb") as stream, Image.open(stream) as image:
            width, height = image.size
            if _is_turned(image):
                width, height = height, width
            if not _ends_well(stream, image.format):
                image.load()
    except Exception as error:  # as above
        raise _refusal(path, error) from error
    return width, height


def _is_turned(image: Image.Image) -> bool:
    if image.format == "JPEG" and "exif" not in image.info:
        return False  # the usual case, quickly
    return image.getexif().get(ORIENTATION) in TURNED


def _ends_well(stream: Any, format: str | None) -> bool:
    marker = END_MARKERS.get(format or "")
    if marker is None:
        return False
    place = stream.tell()
    stream.seek(-min(TAIL_BYTES, stream.seek(0, 2)), 2)
    found = marker in stream.read()
    stream.seek(place)
    return found


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        return _from_deep_grey(image).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        opaque = Image.new("RGBA", image.size, (FILL, FILL, FILL, 255))
        return Image.alpha_composite(opaque, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")


def _from_deep_grey(image: Image.Image) -> Image.Image:
    """16-bit grey to 8 bits: Pillow's own conversion would cut all above 255 to white."""
    values = np.asarray(image, np.float64)
    top = 255.0 if values.max(initial=0.0) <= 255 else 65535.0
    return Image.fromarray(np.clip(values * (255.0 / top), 0, 255).astype(np.uint8))


def _refusal(path: Path, error: Exception) -> DataError:
    if isinstance(error, DataError):
        return error
    if isinstance(error, FileNotFoundError):
        return DataError(f"{path}: there is no such file", HINT)
    if isinstance(error, (PermissionError, IsADirectoryError)):
        return DataError(f"{path}: cannot be opened ({error.strerror})", "check its permissions")
    if path.is_file() and path.stat().st_size == 0:
        return DataError(f"{path}: the file is empty", HINT)
    if isinstance(error, UnidentifiedImageError):
        return DataError(f"{path}: not a picture, or of a kind that Pillow cannot read", HINT)
    return DataError(f"{path}: broken picture ({error})", HINT)
