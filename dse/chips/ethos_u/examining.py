"""What `dse doctor` says of the Ethos-U: whether its compiler is there."""

from __future__ import annotations

from collections.abc import Iterator

from dse.chips.abilities import Finding
from dse.chips.environments import cache_folder

__all__ = ["findings"]


def findings() -> Iterator[Finding]:
    """Never an obstacle: it is installed when a network is first priced."""
    made = cache_folder().glob("vela-*/bin/python")
    found = sorted(path.parent.parent.name.removeprefix("vela-") for path in made)
    yield Finding("Vela", True, ", ".join(found) or "installed by uv when it is first needed")
