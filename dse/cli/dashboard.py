"""Write and open the Pareto explorer of a study: one HTML file that needs no network."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dse.cli.arguments import add_study, positive_int, whole_between
from dse.errors import WeightsError
from dse.terminal import flush_results, note, show, show_path

if TYPE_CHECKING:
    from dse.search import StudyRecord
    from dse.views.dashboard.samples import StudySamples

__all__ = ["add_arguments", "run"]

PORT = 8421


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `dse dashboard`."""
    parser.add_argument(
        "studies",
        nargs="*",
        metavar="STUDY",
        help="default: the latest with weights (with --live the latest); several are compared",
    )
    parser.add_argument("--out", type=Path, help="the file (default: dashboard.html in the study)")
    parser.add_argument("--no-open", action="store_true", help="write it, open no browser")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--live",
        action="store_true",
        help="serve the page on 127.0.0.1 and rewrite it as the search goes on, until Ctrl-C",
    )
    parser.add_argument(
        "--port", type=_port, default=PORT, help=f"of --live (default: {PORT}; 0: any free one)"
    )
    kind.add_argument(
        "--figures",
        type=Path,
        metavar="DIR",
        help="write every figure there instead, as PNG, SVG and CSV",
    )
    kind.add_argument(
        "--samples",
        type=positive_int,
        metavar="N",
        help="run the best deployable designs and show what they find on N evaluation pictures, "
        "20 KB each. Off by default: the pictures become part of the file, which may be sent on",
    )
    add_study(parser)


def run(options: argparse.Namespace) -> int:
    """Writes the page, prints its path, opens it."""
    from dse.search import find_study, latest_begun, latest_study, load_study
    from dse.views.dashboard import write_dashboard, write_figures

    folders = [find_study(options.results, name) for name in options.studies]
    if not folders:  # who watches wants the search that runs, whatever it has trained
        folders = [(latest_begun if options.live else latest_study)(options.results)]
    path = options.out or folders[0] / "dashboard.html"
    if options.live:
        return _serve(folders, path, options)
    records = [load_study(folder) for folder in folders]
    if options.figures:
        for file in write_figures(records, options.figures):
            show_path(file)
        return 0
    show_path(write_dashboard(records, path, _samples(records, options.samples)))
    _open(path.resolve().as_uri(), options)
    return 0


def _samples(records: Sequence[StudyRecord], wanted: int | None) -> dict[str, StudySamples]:
    """Pictures by study. Raises WeightsError where the only study has none to show."""
    if not wanted:
        return {}
    from dse.views.dashboard import study_samples

    found = {}
    for record in records:
        try:
            found[record.name] = study_samples(record, wanted, note)
        except WeightsError as error:
            if len(records) == 1:
                raise
            note(f"{error}: its panels show no pictures")
    return found


def _serve(folders: Sequence[Path], path: Path, options: argparse.Namespace) -> int:
    """Serves the page until Ctrl-C, which is how this ends."""
    from dse.search import load_study
    from dse.views.dashboard import LiveServer

    with LiveServer(folders, load_study, path, options.port) as server:
        show(server.address)
        flush_results()
        note("Ctrl-C ends it")
        _open(server.address, options)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            note(f"ended; the page is {path}")
    return 0


def _open(address: str, options: argparse.Namespace) -> None:
    import webbrowser

    if not options.no_open and not webbrowser.open(address):
        note(f"no browser found here: open {address} in yours")


def _port(text: str) -> int:
    return whole_between(text, 0, 65535)
