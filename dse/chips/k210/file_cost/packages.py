"""Flash packages (.kfpkg): the kmodels in one, each as a file of its own.

A package is a zip of files and of flash-list.json, which says where each goes in flash (kflash of
kendryte and sipeed). A kmodel in it is called by the package's path with its own name behind it:
"maixpy.kfpkg/face.kmodel".
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from dse.chips.k210.bundle.reading import packed_file, read_bytes
from dse.errors import VerificationFailed
from dse.files import printable

__all__ = ["PACKAGE", "is_packed", "kmodels_in", "packed_kmodel"]

PACKAGE = ".kfpkg"

MOST_ENTRIES = 256
"""A package has a firmware, some models, and now and then a file system."""

MOST_KMODEL_BYTES = 16 << 20
"""What the chip maps of its flash."""

SUFFIXES = (".kmodel", ".smodel", ".emodel")
BEGINNINGS = (b"LDMK", b"\x03\x00\x00\x00")
"""Of kmodels: versions 4 and 5, and version 3; a firmware begins otherwise."""


def is_packed(path: Path) -> bool:
    """`path` names a file in a package."""
    return _package_of(path) is not None


def _package_of(path: Path) -> Path | None:
    """The package that `path` leads into."""
    folders = (one for one in path.parents if one.suffix.lower() == PACKAGE)
    return next((one for one in folders if one.is_file()), None)


def kmodels_in(path: Path) -> list[str]:
    """The paths of the kmodels in the package `path`, in its own order.

    Raises FileError where it cannot be read, VerificationFailed where it is no package, or holds no
    kmodel.
    """
    content, name = read_bytes(path), printable(path)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [one.filename for one in archive.infolist()]
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError) as error:
        raise VerificationFailed(
            f"{name} is no flash package: {error}", "a .kfpkg is a zip with flash-list.json in it"
        ) from None
    if len(entries) > MOST_ENTRIES:
        raise VerificationFailed(f"{name} claims {len(entries)} files", "name its kmodel itself")
    found = [one for one in entries if _is_kmodel(content, one)]
    if not found:
        listed = ", ".join(printable(one) for one in entries[:8]) or "nothing"
        raise VerificationFailed(
            f"{name} holds no kmodel, but {listed}", "name a package with a model in it"
        )
    return [f"{path}/{one}" for one in found]


def packed_kmodel(path: Path) -> bytes:
    """The content of a file in a package. Raises FileError, VerificationFailed."""
    package = _package_of(path)
    assert package is not None, "a path for which is_packed() says so"
    name = str(path.relative_to(package))
    found = packed_file(read_bytes(package), name, MOST_KMODEL_BYTES)
    if found is None:
        raise VerificationFailed(
            f"{printable(package)} holds no sound file {printable(name)}",
            "name the package alone: all of its kmodels are then looked at",
        )
    return found


def _is_kmodel(package: bytes, name: str) -> bool:
    """By its name, or by its first bytes."""
    if Path(name).suffix.lower() in SUFFIXES:
        return True
    content = packed_file(package, name, MOST_KMODEL_BYTES)
    return content is not None and content[:4] in BEGINNINGS
