"""The chips that `dse` knows, by name. One is imported when it is first asked for."""

from __future__ import annotations

import functools
from importlib import import_module
from pathlib import Path

from dse.chips.chip import Chip
from dse.errors import UnknownName
from dse.schema import shown

__all__ = ["CHIPS", "DEFAULT_CHIP", "chip", "chip_of_file"]

CHIPS = {
    "k210": "dse.chips.k210.chip:K210",
    "ethos_u": "dse.chips.ethos_u.chip:EthosU",
}
"""Name of a chip, as profiles give it -> module and class that fulfil the contract."""

DEFAULT_CHIP = "k210"
"""Of studies that were made when there was no other."""


def chip(name: str) -> Chip:
    """The chip of that name. Raises UnknownName."""
    if name not in CHIPS:
        raise UnknownName("chip", shown(name), CHIPS)
    return _made(CHIPS[name])


@functools.cache
def _made(place: str) -> Chip:
    module, _, name = place.partition(":")
    made: Chip = getattr(import_module(module), name)()
    return made


def chip_of_file(path: Path) -> Chip | None:
    """Whose file `path` is, or whose bundle; None for no chip's."""
    for name in CHIPS:
        known = chip(name)
        bundled = known.bundled_file and (path / known.bundled_file).is_file()
        if path.suffix in known.file_suffixes or bundled:
            return known
    return None
