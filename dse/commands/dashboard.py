"""Write and open the Pareto explorer of a study: one HTML file that needs no network."""

from __future__ import annotations

import argparse
import webbrowser
from pathlib import Path

from dse.commands.arguments import add_study, note

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `dse dashboard`."""
    parser.add_argument("studies", nargs="*", metavar="STUDY", help="default: the latest")
    parser.add_argument("--out", type=Path, help="the file (default: dashboard.html in the study)")
    parser.add_argument("--no-open", action="store_true", help="write it, open no browser")
    add_study(parser)


def run(options: argparse.Namespace) -> int:
    """Writes the page, prints its path, opens it."""
    from dse.dashboard import write_dashboard
    from dse.search import find_study, load_study

    names = options.studies or [None]
    records = [load_study(find_study(options.results, name)) for name in names]
    path = write_dashboard(records, options.out or records[0].path / "dashboard.html")
    print(path)
    if not options.no_open and not webbrowser.open(path.resolve().as_uri()):
        note("no browser found here: open the file in yours")
    return 0
