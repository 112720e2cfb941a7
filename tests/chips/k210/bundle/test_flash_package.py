from __future__ import annotations

import io
import json
import re
import zipfile

from dse.chips.k210.bundle.flash_package import FLASH_ADDRESS, flash_package

KMODEL = bytes(range(256)) * 10


def test_kflash_finds_file_and_address() -> None:
    """Reads the package in kflash's own way, quotes around the address included."""
    with zipfile.ZipFile(io.BytesIO(flash_package(KMODEL))) as archive:
        listing = archive.read("flash-list.json").decode()
        quoted = re.sub(r'"address": (.*),', r'"address": "\1",', listing)
        (entry,) = json.loads(quoted)["files"]
        assert int(entry["address"], 0) == FLASH_ADDRESS == 0x300000
        assert entry["sha256Prefix"] is False
        assert archive.read(entry["bin"]) == KMODEL


def test_address_is_one_that_kflash_can_write() -> None:
    assert FLASH_ADDRESS % (64 * 1024) == 0


def test_equal_kmodels_make_equal_packages() -> None:
    assert flash_package(KMODEL) == flash_package(KMODEL)
