"""Say what the cache holds (features of frozen layers, drawn scenes), and free it with --yes.

All of it is made again when a search needs it; a cache that a running search uses is left alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dse.cli.arguments import add_json, add_study, print_json
from dse.terminal import note, show
from dse.text_table import bytes_text, format_table

if TYPE_CHECKING:
    from dse.study.cache import CachePart

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `dse clean`."""
    parser.add_argument("--yes", action="store_true", help="free it (default: say what there is)")
    add_study(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Prints the parts of the cache, and empties them if told so."""
    from dse.study.cache import cached, empty
    from dse.study.folder import shared_cache

    cache = shared_cache(options.results)
    parts = empty(cache) if options.yes else cached(cache)
    freeable = sum(part.size_bytes for part in parts)
    if options.json:
        told = {part.name: part.size_bytes for part in parts}
        print_json({"cache": str(cache), "parts": told, "bytes": freeable, "freed": options.yes})
        return 0
    show(_table(parts))
    done = "freed" if options.yes else "can be freed"
    note(f"{cache}: {bytes_text(freeable)} {done}")
    if freeable and not options.yes:
        note("free it with --yes: whatever needs it makes it again")
    return 0


def _table(parts: Sequence[CachePart]) -> str:
    header = ("what", "folders", "size")
    rows = [(p.name, str(len(p.folders)), bytes_text(p.size_bytes)) for p in parts]
    return format_table(header, rows, header[:1], ruled=False)
