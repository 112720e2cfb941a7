"""Remove studies, with the networks that they trained, after asking.

A study on which a search is running is refused, and then nothing is removed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dse.cli.arguments import add_json, add_study, print_json
from dse.errors import UsageError
from dse.terminal import note, note_to, safe
from dse.text_table import bytes_text

if TYPE_CHECKING:
    from dse.study.folder import StudyFolder

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `dse rm`."""
    parser.add_argument("studies", nargs="+", metavar="STUDY", help="their names")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    add_study(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Asks and removes; 1 where the answer was no."""
    from dse.study.cache import folder_bytes
    from dse.study.folder import StudyFolder, find_study
    from dse.study.removing import refuse_written, remove_studies

    paths = dict.fromkeys(find_study(options.results, name) for name in options.studies)
    folders = [StudyFolder(path) for path in paths]
    sizes = {folder.name: folder_bytes(folder.path) for folder in folders}
    refuse_written(folders)
    if not options.yes and not _agreed(folders, sizes):
        note("nothing was removed")
        return 1
    remove_studies(folders)
    if options.json:
        print_json({"removed": list(sizes), "freed_bytes": sum(sizes.values())})
    else:
        note(f"removed: {', '.join(sizes)} ({bytes_text(sum(sizes.values()))})")
    return 0


def _agreed(folders: Sequence[StudyFolder], sizes: dict[str, int]) -> bool:
    """What the person says. Raises UsageError where nobody is there to ask."""
    for folder in folders:
        weights = ", with the networks it trained" if folder.has_weights else ""
        note(f"{folder.path}: {bytes_text(sizes[folder.name])}{weights}")
    if not sys.stdin.isatty():
        raise UsageError("nobody is there to be asked", "say --yes to remove them unasked")
    note_to(sys.stderr, safe("remove for good? [y/N] "))
    return sys.stdin.readline().strip().lower() in ("y", "yes")
