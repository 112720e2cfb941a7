"""Export a design as a bundle for the board: the chip's file, TFLite, decoders, model card.

The file is run in the compiler's simulator on the evaluation pictures; one that lost its
accuracy is not handed out (exit code 4).
"""

from __future__ import annotations

import argparse
import shlex
from dataclasses import asdict
from pathlib import Path

from dse.cli.arguments import add_json, add_study, print_json
from dse.designs.selection import PREFERENCES, limit_names, parse_limit
from dse.launcher import typed
from dse.terminal import note, show_path

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `dse export`."""
    parser.add_argument(
        "design",
        nargs="?",
        default="best",
        help="best, a candidate, a trial number, or a detector that the package ships, such as "
        "P5-a1-256",
    )
    parser.add_argument("--study", help="default: the latest with weights")
    parser.add_argument(
        "--limit",
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help=f"best within it, NAME one of {', '.join(limit_names())}",
    )
    parser.add_argument(
        "--prefer",
        choices=PREFERENCES,
        default=PREFERENCES[0],
        help="best is the fastest (latency, the default) or smallest (size) design whose AP "
        "cannot be told from the highest on these pictures, or the highest (ap)",
    )
    parser.add_argument(
        "--target", help="the firmware it is for, a file of constraints/ (default: the study's)"
    )
    parser.add_argument(
        "--out", type=Path, help="folder (default: export/DESIGN[-TARGET] in the study)"
    )
    add_study(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Chooses, compiles, checks, writes; prints where the bundle lies."""
    from dse.designs.exporting import export_design

    report = export_design(
        options.design,
        study=options.study,
        results=options.results,
        target=options.target,
        out=options.out,
        limits=[parse_limit(text) for text in options.limit],
        prefer=options.prefer,
        say=note,
    )
    if options.json:
        print_json(asdict(report))
        return 0
    show_path(Path(report.path))
    file = f"{Path(report.kmodel).name}: {report.kmodel_bytes} B"
    note(f"{file}, AP {report.kmodel_ap:.3f} (network {report.ap:.3f})")
    note(f"check it: {typed(f'verify {shlex.quote(str(report.path))}')}")
    return 0
