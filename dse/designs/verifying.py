"""Checking a file or a bundle by the chip that it is for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dse.chips import Target
from dse.chips.registry import DEFAULT_CHIP, chip, chip_of_file
from dse.designs.bundles import MANIFEST, is_bundle
from dse.errors import UsageError

if TYPE_CHECKING:
    from dse.chips.abilities import VerifyReport

__all__ = ["verify_file"]


def verify_file(path: Path, data: str | None = None, target: Target | None = None) -> VerifyReport:
    """The report on a bundle, or a bare file of a chip, from nothing else.

    data: pictures to measure AP on, as of `open_data`. target: what must hold it, default what it
    was made for. Raises UsageError where there is nothing at `path`, and as `Chip.verify`.
    """
    if not path.is_dir() and not path.is_file():
        raise UsageError(f"{path} is neither a folder nor a file", "name a bundle or its file")
    known = chip_of_file(path)
    if path.is_dir() and known is None and not is_bundle(path):
        from dse.chips.abilities import VerifyReport

        return VerifyReport([f"{path} is no bundle: no {MANIFEST} and no chip's file are in it"])
    from dse.data import open_data

    pictures = open_data(data, "eval") if data else None
    on = known or chip(target.chip if target else DEFAULT_CHIP)
    return on.verify(path, pictures, target)
