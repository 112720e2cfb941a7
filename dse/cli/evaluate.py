"""Measure the AP of a trained design, a compiled file or a TensorFlow-Lite file on a data set.

--sheet draws what it found, what it missed, and what is none.
"""

from __future__ import annotations

import argparse
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from dse.cli.arguments import (
    add_classes,
    add_detector,
    add_json,
    add_study,
    positive_int,
    print_json,
    seed,
    share,
)
from dse.terminal import note, show

if TYPE_CHECKING:
    from dse.designs.evaluating import EvaluationReport
    from dse.views.contact_sheet import Sheet

__all__ = ["add_arguments", "run"]

LEAST_SHOWN = 0.0005
"""AP that three digits show."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `dse evaluate`."""
    add_detector(parser)
    parser.add_argument("--data", help="pictures (default: the study's evaluation pictures)")
    parser.add_argument(
        "--pyramid", action="store_true", help="three scales (0.5, 1, 2), as in the paper"
    )
    parser.add_argument(
        "--score",
        type=share,
        metavar="0..1",
        help="believe detections from this score on (default: the file's own threshold, or the "
        "one with the best F1 on these pictures)",
    )
    add_classes(parser)
    add_study(parser)
    add_json(parser)
    sheet = parser.add_argument_group("pictures of the detections")
    sheet.add_argument("--sheet", metavar="FILE", help="draw them: .png or .jpg")
    sheet.add_argument(
        "--sheet-pictures", type=positive_int, default=24, metavar="N", help="default: 24"
    )
    sheet.add_argument("--sort", default="random", help="random (default), worst or best first")
    sheet.add_argument("--seed", type=seed, default=0, help="of the random choice (default: 0)")


def run(options: argparse.Namespace) -> int:
    """Prints AP and the operating point, and draws the sheet."""
    from dse.data.specification import with_classes
    from dse.designs.evaluating import evaluate_design

    sheet = _sheet(options)
    report = evaluate_design(
        options.design,
        with_classes(options.data, options.classes, options.merge),
        study=options.study,
        results=options.results,
        pyramid=options.pyramid,
        score=options.score,
        say=note,
    )
    if sheet:
        each = report.by_class
        own = list(each.thresholds.values()) if each else None
        sheet.write(report.design, report.findings, report.data, report.point, own)
        note(f"written: {sheet.path}")
    if options.json:
        print_json({**report.as_dict(), "sheet": sheet.path if sheet else None})
        return 0
    _print(report)
    return 0


def _print(report: EvaluationReport) -> None:
    """Of a detector with several classes a line for each as well."""
    result, point, each = report.result, report.point, report.by_class
    low, high = result.ap_interval or (result.ap, result.ap)
    within = f"{low:.3f} to {high:.3f} on other pictures"
    if each:
        missing = [name for name, ap in each.ap.items() if ap is None]
        overlaps = f"over IoU 0.5 to 0.95 {each.map_50_95:.4f}"
        pictures = f"{result.faces} {report.findings.things}, {result.images} pictures"
        show(f"mAP {result.ap:.4f} ({within}), {overlaps}: {pictures}")
        show(each.table())
        if missing:
            note(f"no object of {', '.join(missing)} on these pictures: left out of the mean")
        _print_lost(report)
        return
    square = "" if result.ap_square is None else f", against square boxes {result.ap_square:.4f}"
    pictures = f"{result.faces} {report.findings.things}, {result.images} pictures"
    show(f"AP {result.ap:.4f} ({within}){square}: {pictures}")
    show(f"score {point.score:.2f}: precision {point.precision:.4f}, recall {point.recall:.4f}")
    _print_lost(report)


def _print_lost(report: EvaluationReport) -> None:
    """What AP was lost to, and which sizes are not found."""
    lost = ", ".join(f"{name} {ap:.3f}" for name, ap in report.lost_ap.items() if ap >= LEAST_SHOWN)
    show(f"AP lost to: {lost or 'nothing'}")
    sizes = ", ".join(
        f"{Fraction(one.side_from)} to {Fraction(one.side_to)}: {one.found:,} of {one.objects:,}"
        for one in report.by_size
    )
    show(f"found, by side (shares of the picture's longer one): {sizes}")


def _sheet(options: argparse.Namespace) -> Sheet | None:
    """The sheet that is wanted; what is wrong with it is told before anything is run."""
    if not options.sheet:
        return None
    from dse.views.contact_sheet import Sheet

    return Sheet(Path(options.sheet), options.sheet_pictures, options.sort, options.seed)
