"""Weights in an .npz file; every script and study of ours writes this kind."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from dse.errors import FileError, WeightsError
from dse.files import open_regular, printable, whole_file

__all__ = ["DAMAGED", "read_arrays", "read_weights", "write_weights"]

MOST_BYTES, MOST_ARRAYS = 512 << 20, 4096
"""Unpacked. A checkpoint of the widest network, with its optimizer's state, has 80 MB in some
hundred arrays."""

KINDS = "fiubU"
"""Numbers and text, as `numpy.dtype.kind` has them: nothing that unpickles."""

HEADERS: dict[tuple[int, int], Callable[[IO[bytes]], Any]] = {
    (1, 0): npy.read_array_header_1_0,
    (2, 0): npy.read_array_header_2_0,
}
"""Version of the format -> how its header is read."""

DAMAGED = (
    BadZipFile, ValueError, EOFError, OSError, RuntimeError, NotImplementedError, zlib.error,
    FileError,
)  # fmt: skip
"""What reading a file raises that holds no arrays."""


def read_weights(path: Path, hint: str) -> dict[str, NDArray[np.float32]]:
    """Arrays by name, in float32 whatever the file's precision, all of their numbers finite.

    hint: what to do about a bad file. Raises WeightsError where it is missing or damaged.
    """
    try:
        arrays = read_arrays(path)
    except FileNotFoundError as error:
        raise WeightsError(f"there is no file {printable(path)}", hint) from error
    except DAMAGED as error:
        raise WeightsError(f"{printable(path)} is damaged: {error}", hint) from error
    with np.errstate(over="ignore"):  # what is too large is told below
        found = {name: array.astype(np.float32) for name, array in arrays.items()}
    for name, array in found.items():
        if not np.isfinite(array).all():
            raise WeightsError(
                f"{printable(path)}: {printable(name)} holds what is no number", hint
            )
    return found


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of an .npz file, numbers or text, by name.

    What a header claims is compared with what is there before any of it is read. Raises
    FileNotFoundError where there is no file, and one of `DAMAGED` where it is no such file.
    """
    if not path.exists():
        raise FileNotFoundError(path)
    with open_regular(path) as file, ZipFile(file) as archive:
        entries = archive.infolist()
        claimed = sum(entry.file_size for entry in entries)
        if claimed > MOST_BYTES or len(entries) > MOST_ARRAYS:
            raise ValueError(f"it claims {len(entries)} arrays of {claimed:,} bytes")
        return {one.filename.removesuffix(".npy"): _array(archive, one) for one in entries}


def _array(archive: ZipFile, entry: ZipInfo) -> NDArray[Any]:
    name = printable(entry.filename)
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):  # others may unpack to any size
        raise ValueError(f"{name} is packed in a way that no weights are")
    with archive.open(entry) as file:
        shape, fortran, kind = _header(file)
        size, room = math.prod(shape) * kind.itemsize, entry.file_size - file.tell()
        if kind.kind not in KINDS or size != room:
            raise ValueError(f"{name} claims {shape} of {kind}, and has {room:,} bytes")
        content = file.read()
    return np.frombuffer(content, kind).reshape(shape, order="F" if fortran else "C")


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether the first axis runs fastest, and type."""
    version = npy.read_magic(file)  # type: ignore[no-untyped-call]
    if version not in HEADERS:
        raise ValueError(f"an array of version {version}")
    try:
        shape, fortran, kind = HEADERS[version](file)
    except (TokenError, RecursionError) as error:  # of Python's own reader, which NumPy's asks
        raise ValueError("an array whose header is not to be understood") from error
    if not all(isinstance(side, int) and side >= 0 for side in shape):
        raise ValueError(f"an array of shape {shape}")
    return shape, fortran, kind


def write_weights(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Writes `arrays` so that a kill, or a power cut, leaves the old file or the new one.

    What a disk that filled up took of the new one is given back. Raises FileError.
    """
    with whole_file(path) as file:
        np.savez(file, allow_pickle=False, **arrays)
