"""Reads the files of a bundle, trusting none: whoever holds one may have changed it.

Nothing here comes from the modules that write them.
"""

from __future__ import annotations

import io
import json
import math
import reprlib
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeGuard

from dse import files
from dse.detection.head import FACE_HEAD, Head
from dse.errors import DseError

__all__ = [
    "are_class_scores",
    "box_scale_of",
    "head_of",
    "is_score",
    "made_by",
    "most_bytes",
    "packed_file",
    "read_bytes",
    "read_table",
    "shown",
    "table",
]

MOST_BYTES = {
    ".tflite": 64 << 20, ".kmodel": 16 << 20, ".smodel": 16 << 20, ".emodel": 16 << 20,
    ".kfpkg": 17 << 20,
}  # fmt: skip
"""Of a file, by its suffix. The chip maps 16 MiB of its flash, and a package adds a listing; the
float network beside it, the largest that a bundle was seen with, has 28 MB."""

MOST_TEXT_BYTES = 1 << 20
"""Of any other file: tables, texts and programs have some tens of kilobytes."""

MOST_DIGITS = 20
"""Of a whole number in a table: as many as 64 bits have."""

_UNPACKABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The other methods of a zip give no limit to what comes out."""

shown = reprlib.Repr().repr
"""Of anything out of a file, for a message: short, and without control characters."""


def most_bytes(name: str) -> int:
    """The size that a file called `name` may have."""
    return MOST_BYTES.get(Path(name).suffix.lower(), MOST_TEXT_BYTES)


def read_bytes(file: Path) -> bytes:
    """The content of `file`. Raises FileError where there is none, where it is no regular file
    (a pipe or a device would never end), or where it is larger than any of its kind."""
    return files.read_bytes(file, most_bytes(file.name))


def table(name: str, content: bytes) -> dict[str, Any]:
    """The JSON table in `content` of file `name`, all of its numbers finite.

    Raises DseError where there is none.
    """
    if len(content) > MOST_TEXT_BYTES:
        raise DseError(f"{name} is no JSON of ours: it has {len(content):,} bytes")
    try:
        found = json.loads(
            content, parse_int=_whole, parse_float=_finite, parse_constant=_no_number
        )
    except ValueError as error:
        raise DseError(f"{name} is no JSON: {error}") from None
    except RecursionError:
        raise DseError(f"{name} is no JSON of ours: it is nested too deeply") from None
    if not isinstance(found, dict):
        raise DseError(f"{name} holds no table")
    return found


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _no_number(digits)


def _no_number(text: str) -> float:
    raise ValueError(f"{shown(text)} is no finite number")


def read_table(file: Path) -> dict[str, Any]:
    """The JSON table in `file`. Raises DseError where there is none."""
    return table(file.name, read_bytes(file))


def packed_file(package: bytes, name: str, most_bytes: int) -> bytes | None:
    """The file `name` in a zip; None unless it is there, sound, and of `most_bytes` or less."""
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            entry = archive.getinfo(name)
            if entry.file_size > most_bytes or entry.compress_type not in _UNPACKABLE:
                return None
            return archive.read(entry)
    except (
        EOFError, KeyError, OSError, RuntimeError, ValueError, struct.error, zipfile.BadZipFile,
        zlib.error,
    ):  # fmt: skip
        return None


def box_scale_of(detector: dict[str, Any]) -> float:
    """The factor of the box channels in detector.json. Raises DseError where it is none."""
    scale = detector.get("box_scale")
    if isinstance(scale, bool) or not isinstance(scale, int | float) or not 0 < scale < 1e6:
        raise DseError(f"detector.json: box_scale is {shown(scale)}, not a number above 0")
    return float(scale)


def is_score(value: object) -> TypeGuard[float]:
    """Whether `value` is a threshold of scores."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1


def are_class_scores(values: object, head: Head) -> TypeGuard[list[float]]:
    """Whether `values` is a list of thresholds, one for each class of `head`, or an empty one."""
    if not isinstance(values, list) or len(values) not in (0, len(head.classes)):
        return False
    return all(map(is_score, values))


def head_of(told: Mapping[str, Any]) -> Head:
    """The head that detector.json or manifest.json names; older ones are of faces.

    Raises DseError for what is no head.
    """
    return Head.from_json(told["head"]) if "head" in told else FACE_HEAD


def made_by(kmodel: Path) -> tuple[float, str | None]:
    """What the files beside `kmodel` say: the factor of its boxes, the nncase that made it.

    1 and None where there are no such files. Raises DseError where they make no sense.
    """
    detector, manifest = (kmodel.with_name(name) for name in ("detector.json", "manifest.json"))
    scale = box_scale_of(read_table(detector)) if detector.exists() else 1.0
    compiled = read_table(manifest).get("compiled") if manifest.exists() else None
    version = compiled.get("nncase_version") if isinstance(compiled, dict) else None
    return scale, version if isinstance(version, str) else None
