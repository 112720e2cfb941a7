"""Find objects on pictures, with a trained design, a compiled file or a TensorFlow-Lite file.

Prints a box a line, or JSON; --draw writes copies of the pictures with the boxes on them.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dse.cli.arguments import add_detector, add_json, add_study, print_json, share
from dse.terminal import note, show
from dse.text_table import format_table

if TYPE_CHECKING:
    from dse.designs.detecting import DetectionReport

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `dse detect`."""
    add_detector(parser)
    parser.add_argument(
        "pictures", type=Path, nargs="+", metavar="PICTURE", help="a picture, or a folder of some"
    )
    parser.add_argument(
        "--score",
        type=share,
        metavar="0..1",
        help="believe detections from this score on (default: the detector's own threshold, "
        "or 0.5)",
    )
    parser.add_argument(
        "--draw", type=Path, metavar="DIR", help="write the pictures there, with their boxes"
    )
    add_study(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Prints the boxes, and draws them."""
    from dse.designs.detecting import detect_on

    report = detect_on(
        options.design,
        options.pictures,
        study=options.study,
        results=options.results,
        score=options.score,
        say=note,
    )
    for one in report.skipped:
        note(f"left out: {one.reason}")
    if options.draw:
        from dse.views.contact_sheet.drawn import draw_all

        drawn = draw_all(report.files, report.pictures, report.classes, options.draw)
        note(f"written: {len(drawn):,} pictures in {options.draw}")
    if options.json:
        print_json(report.as_dict())
        return 0
    show(_table(report))
    return 0


def _corners(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(f"{row[side]:.0f}" for side in ("x0", "y0", "x1", "y1"))


def _table(report: DetectionReport) -> str:
    columns = ("picture", "class", "score", "x0", "y0", "x1", "y1")
    rows = [
        (row["picture"], row["class"], f"{row['score']:.2f}", *_corners(row))
        for row in report.boxes()
    ]
    pictures = len(report.pictures)
    told = f"{len(rows):,} boxes on {pictures:,} picture{'s' if pictures > 1 else ''}"
    return f"{format_table(columns, rows, ('picture', 'class'))}\n{told}" if rows else told
