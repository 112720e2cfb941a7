"""Writes model.kfpkg: the kmodel with the flash address it goes to, as kflash takes it.

A zip of the file and flash-list.json. kflash.py (kendryte and sipeed, 0.8.3) puts quotes
around whatever follows `"address": ` up to the line's last comma, so that the list has one
entry a line.
"""

from __future__ import annotations

import io
import json
import zipfile

__all__ = ["FLASH_ADDRESS", "flash_package"]

FLASH_ADDRESS = 0x300000
"""Where demos and firmwares of the K210 look for a model; kflash writes multiples of 64 KiB."""

KMODEL, LIST = "model.kmodel", "flash-list.json"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The date of every entry, so that equal contents make equal files."""


def flash_package(kmodel: bytes) -> bytes:
    """The package that writes `kmodel` to `FLASH_ADDRESS`."""
    entry = {"address": FLASH_ADDRESS, "bin": KMODEL, "sha256Prefix": False}
    listing = json.dumps({"version": "0.1.0", "files": [entry]}, indent=4)
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr(zipfile.ZipInfo(LIST, EPOCH), listing)
        archive.writestr(zipfile.ZipInfo(KMODEL, EPOCH), kmodel)
    return package.getvalue()
