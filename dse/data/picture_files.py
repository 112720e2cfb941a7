"""Picture files as RGB pixels: what can be read, what is refused, and how either is told.

Every picture of the package is opened here, so that one file decides what a picture from the
web may start: the seven decoders that cameras and labelling tools need, and no other.

Rules: the EXIF orientation is applied, so boxes are in the picture as a viewer shows it;
grey, palette and CMYK become RGB; transparent parts become the letterbox's grey; of an
animation the first frame counts.
"""

from __future__ import annotations

import os
import re
import warnings
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from dse.data.letterbox import FILL
from dse.errors import DataError, FileError
from dse.files import open_regular, printable

__all__ = [
    "FORMATS",
    "SUFFIXES",
    "TURNED",
    "checked_size",
    "load_pixels",
    "loader",
    "open_picture",
    "orientation",
    "small_grey",
]

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "PPM", "WEBP", "TIFF")
"""Pillow's names of what may be opened; phones' MPO comes with JPEG. Pillow knows forty more,
among them EPS, which it hands to Ghostscript: a program, whatever the file is called."""

MOST_PIXELS = 1 << 27
"""134 million: a camera of 100 megapixels fits. As RGB they are 384 MiB, and the steps from
file to array take some four times that; a PNG of 130 kB can ask for as many."""

MOST_PICTURE_BYTES = 3 * MOST_PIXELS
"""What so many pixels take as RGB without compression. Some decoders begin by reading all."""

MOST_SCANS = 50
"""Of a JPEG. Encoders write 1 to 20; each is a pass over all pixels, and in 95
bytes a file can ask for one more."""

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".ppm"})
"""Endings, in lower case, of the files that a folder reader takes for pictures."""

HINT = "replace the file, or remove it and its annotation"

END_MARKERS = {"JPEG": b"\xff\xd9", "MPO": b"\xff\xd9", "PNG": b"IEND"}
"""What the last bytes of a whole file hold (ITU-T T.81 B.1.1.3; PNG specification 11.2.5)."""

TAIL_BYTES = 1024
"""How far from the end a marker may lie: cameras append a few bytes of their own."""

TOO_MANY_PIXELS = f"more than {MOST_PIXELS:,} pixels"

ORIENTATION = 0x0112
TURNED = (5, 6, 7, 8)
"""EXIF tag, and its values that swap width and height (EXIF 2.32, 4.6.4)."""


JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
START_OF_SCAN, END_OF_IMAGE = 0xDA, 0xD9
"""A marker, other than the restarts within coded data, and two of its kinds (T.81 B.1.1)."""

warnings.filterwarnings("ignore", module=r"PIL\.")  # what is wrong with a file, we say once


def open_picture(stream: BinaryIO) -> Image.Image:
    """The picture in a stream, its header read and its pixels not yet.

    Raises DataError beyond MOST_PIXELS, and for what is no picture whatever the decoder raises.
    """
    try:
        image = Image.open(stream, formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise DataError(TOO_MANY_PIXELS) from error
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise DataError(TOO_MANY_PIXELS)
    return image


def loader(path: Path) -> partial[NDArray[np.uint8]]:
    """`Picture.load` for a file: picklable, reads when called."""
    return partial(load_pixels, path)


def load_pixels(path: Path) -> NDArray[np.uint8]:
    """The picture in a file, uint8 (height, width, 3) RGB. Raises DataError naming the file."""
    try:
        with open_regular(path, MOST_PICTURE_BYTES) as stream, open_picture(stream) as image:
            _decode(image, stream)
            return np.array(_as_rgb(ImageOps.exif_transpose(image)), np.uint8)
    except Exception as error:  # a decoder fed rubbish raises whatever it likes
        raise _refusal(path, error) from error


def checked_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels, upright, without decoding a sound file.

    Reads the header and the end marker; where that is missing, tries the whole file.
    Raises DataError if the file is missing, empty, truncated or no picture.
    """
    try:
        with open_regular(path, MOST_PICTURE_BYTES) as stream, open_picture(stream) as image:
            width, height = image.size
            if _is_turned(image):
                width, height = height, width
            if not _ends_well(stream, image.format):
                _decode(image, stream)
    except Exception as error:  # as above
        raise _refusal(path, error) from error
    return width, height


def orientation(path: Path) -> int:
    """How the camera was held, 1 (upright) to 8 (EXIF 2.32, 4.6.4). Raises DataError."""
    try:
        with open_regular(path, MOST_PICTURE_BYTES) as stream, open_picture(stream) as image:
            value = image.getexif().get(ORIENTATION, 1)
    except Exception as error:  # as above
        raise _refusal(path, error) from error
    return value if value in range(1, 9) else 1


def small_grey(path: Path, size: tuple[int, int]) -> NDArray[np.uint8]:
    """The picture in a file, in greys and shrunk to `size` (width, height), as it lies there.

    Much faster than `load_pixels` for JPEG, of which only a coarse version is decoded.
    """
    try:
        with open_regular(path, MOST_PICTURE_BYTES) as stream, open_picture(stream) as image:
            image.draft("L", (4 * size[0], 4 * size[1]))
            _decode(image, stream)
            grey = image.convert("L").resize(size, Image.Resampling.BOX)
            return np.asarray(grey, np.uint8)
    except Exception as error:  # as above
        raise _refusal(path, error) from error


def _is_turned(image: Image.Image) -> bool:
    if image.format == "JPEG" and "exif" not in image.info:
        return False  # the usual case, quickly
    return image.getexif().get(ORIENTATION) in TURNED


def _decode(image: Image.Image, stream: BinaryIO) -> None:
    if image.format in ("JPEG", "MPO"):
        place = stream.tell()
        stream.seek(0)
        _require_few_scans(stream.read())
        stream.seek(place)
    image.load()


def _require_few_scans(jpeg: bytes) -> None:
    """Walks from segment to segment, as the decoder does; what coded data hold is passed over."""
    scans, place = 0, 2
    while found := JPEG_MARKER.search(jpeg, place):
        code, place = jpeg[found.end() - 1], found.end()
        if code == END_OF_IMAGE:
            return
        scans += code == START_OF_SCAN
        if scans > MOST_SCANS:
            raise DataError(f"a JPEG of more than {MOST_SCANS} scans")
        place += int.from_bytes(jpeg[place : place + 2], "big")


def _ends_well(stream: BinaryIO, format: str | None) -> bool:
    marker = END_MARKERS.get(format or "")
    if marker is None:
        return False
    place = stream.tell()
    stream.seek(max(0, stream.seek(0, os.SEEK_END) - TAIL_BYTES))
    if marker in stream.read():
        return True
    stream.seek(place)
    return False


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith(("I", "F")):
        return _from_deep_grey(image).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        opaque = Image.new("RGBA", image.size, (FILL, FILL, FILL, 255))
        return Image.alpha_composite(opaque, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")


def _from_deep_grey(image: Image.Image) -> Image.Image:
    """16-bit grey to 8 bits: Pillow's own conversion would cut all above 255 to white."""
    values = np.array(image, np.float64)
    np.nan_to_num(values, copy=False)
    values *= 1.0 if values.max(initial=0.0) <= 255 else 255.0 / 65535.0
    return Image.fromarray(np.clip(values, 0, 255, out=values).astype(np.uint8))


def _refusal(path: Path, error: Exception) -> DataError:
    if isinstance(error, FileError):
        return DataError(f"{path}: {_why_closed(path, error)}", error.hint or HINT)
    if isinstance(error, DataError):
        return DataError(f"{path}: {error}", HINT)
    if isinstance(error, MemoryError):
        return DataError(f"{path}: no memory left for its pixels", "close other programs")
    if path.is_file() and path.stat().st_size == 0:
        return DataError(f"{path}: the file is empty", HINT)
    if isinstance(error, UnidentifiedImageError):
        return DataError(
            f"{path}: not a picture, or of another kind than {', '.join(FORMATS)}", HINT
        )
    return DataError(f"{path}: broken picture ({error})", HINT)


def _why_closed(path: Path, error: FileError) -> str:
    cause = error.__cause__
    if isinstance(cause, FileNotFoundError):
        return "there is no such file"
    if isinstance(cause, OSError):
        return f"cannot be opened ({cause.strerror})"
    return str(error).removeprefix(f"{printable(path)}: ")
