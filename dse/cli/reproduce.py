"""Measure the paper's tables and its figure 3 on the pictures at hand, beside its own values.

Trainings are those of a search: they survive a kill, go on with --resume, and their studies
open in `dse dashboard`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dse.cli.arguments import add_json, add_study, add_weights, positive_int, print_json
from dse.cli.search import DATA_HELP
from dse.errors import UsageError
from dse.launcher import typed
from dse.terminal import note, show

if TYPE_CHECKING:
    from dse.reproduction import ReproductionOptions
    from dse.search import StudyRecord

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `dse reproduce`."""
    what = parser.add_argument_group("what to reproduce")
    what.add_argument("--tables", nargs="+", metavar="TABLE", help="I, II, III, IV (default: all)")
    what.add_argument(
        "--figure3",
        type=Path,
        metavar="FILE",
        help="draw the ranges of A98 at alpha 1.0: .html, .png or .svg, and a .csv beside it",
    )
    what.add_argument("--data", default="synthetic", help=f"to train on: {DATA_HELP}")
    what.add_argument("--eval-data", help="pictures to measure AP on (default: those of --data)")
    what.add_argument(
        "--input-size", type=positive_int, default=192, help="pixels (default: 192; paper: 500)"
    )
    what.add_argument("--seeds", type=positive_int, default=1, help="trainings of each network")
    what.add_argument("--epochs", type=positive_int, help="passes over the data, each training")
    what.add_argument("--single-scale", action="store_true", help="leave out the three scales")
    add_weights(what)
    how = parser.add_argument_group("how to run it")
    how.add_argument("--resume", action="store_true", help="go on where the same command stopped")
    how.add_argument("--executor", choices=("ray", "inline"), default="ray")
    how.add_argument("--workers", type=positive_int, help="trainings at a time (default: cores)")
    add_study(how)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Prints the tables; writes them, and figure 3 where it was asked for."""
    from dse.reproduction import as_json, as_text, reproduce, trainings_of, write_report

    settings = _settings(options)
    if options.figure3 and not trainings_of(settings.tables, settings.input_size):
        raise UsageError("figure 3 is of a trained network", "add one of --tables I II III")
    report, records = reproduce(settings, note)
    path = write_report(report, settings.results)
    if options.json:
        print_json(as_json(report))
    else:
        show(as_text(report))
    note("")
    note(f"written: {path}")
    for record in records:
        note(f"look:    {typed(f'dashboard {record.name}')}")
    if options.figure3:
        _draw_figure3(records, options)
    return 0


def _draw_figure3(records: list[StudyRecord], options: argparse.Namespace) -> None:
    """The figure and its numbers, from the first seed's network."""
    from dse.reproduction.figure3 import layer_rows, measure_figure3, summary, write_csv
    from dse.views.dashboard import write_ranges

    figure = measure_figure3(records[0], options.input_size)
    rows = layer_rows(figure)
    title = f"{figure.design}: ranges over {figure.pictures} pictures"
    note("\n".join(["", "Figure 3", *summary(figure)]))
    note(f"written: {write_ranges(title, rows, figure.weights, options.figure3)}")
    note(f"written: {write_csv(rows, options.figure3.with_suffix('.csv'))}")


def _settings(options: argparse.Namespace) -> ReproductionOptions:
    from dse.reproduction import TABLES, ReproductionOptions

    return ReproductionOptions(
        tables=tuple(options.tables or TABLES),
        data=options.data,
        eval_data=options.eval_data,
        input_size=options.input_size,
        seeds=options.seeds,
        epochs=options.epochs,
        pyramid=not options.single_scale,
        results=options.results,
        resume=options.resume,
        executor=options.executor,
        workers=options.workers,
        weights=options.weights,
        weights_dir=Path(options.weights_dir) if options.weights_dir else None,
        command=("dse", *sys.argv[1:]),
    )
