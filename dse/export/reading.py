"""Reads the files of a bundle, trusting none: whoever holds one may have changed it.

Nothing here comes from the modules that write them.
"""

from __future__ import annotations

import io
import json
import reprlib
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

from dse.errors import DseError

__all__ = [
    "box_scale_of",
    "made_by",
    "packed_file",
    "read_bytes",
    "read_table",
    "shown",
    "table",
]

MOST_BYTES = 256 << 20
"""Of one file. The largest that a bundle was seen with, a TFLite file, has 28 MB."""

_UNPACKABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The other methods of a zip give no limit to what comes out."""

shown = reprlib.Repr().repr
"""Of anything out of a file, for a message: short, and without control characters."""


def read_bytes(file: Path) -> bytes:
    """The content of `file`. Raises DseError where there is none, or where it is no file."""
    try:
        if file.exists() and not file.is_file():  # a pipe or a device would never end
            raise DseError(f"{file.name} is no file")
        if file.stat().st_size > MOST_BYTES:
            raise DseError(f"{file.name} has more than {MOST_BYTES:,} bytes")
        return file.read_bytes()
    except OSError as error:
        raise DseError(f"{file.name} cannot be read: {error.strerror}") from None


def table(name: str, content: bytes) -> dict[str, Any]:
    """The JSON table in `content` of file `name`. Raises DseError where there is none."""
    try:
        found = json.loads(content)
    except ValueError as error:
        raise DseError(f"{name} is no JSON: {error}") from None
    except RecursionError:
        raise DseError(f"{name} is no JSON of ours: it is nested too deeply") from None
    if not isinstance(found, dict):
        raise DseError(f"{name} holds no table")
    return found


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


def made_by(kmodel: Path) -> tuple[float, str | None]:
    """What the files beside `kmodel` say: the factor of its boxes, the nncase that made it.

    1 and None where there are no such files. Raises DseError where they make no sense.
    """
    detector, manifest = (kmodel.with_name(name) for name in ("detector.json", "manifest.json"))
    scale = box_scale_of(read_table(detector)) if detector.is_file() else 1.0
    compiled = read_table(manifest).get("compiled") if manifest.is_file() else None
    version = compiled.get("nncase_version") if isinstance(compiled, dict) else None
    return scale, version if isinstance(version, str) else None
