"""Search a space for the designs that fit a target and detect best.

Candidates are priced first; only those that fit are trained, and every training is evaluated
as the chip runs it, the front's in all formats. The study's folder holds the record; `--resume`
goes on with it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dse.cli.arguments import (
    add_classes,
    add_json,
    add_study,
    add_weights,
    count,
    positive_float,
    positive_int,
    print_json,
    seed,
    share,
)
from dse.cli.front import front_table, has_file, summary_line, times
from dse.defaults import OTHERS_SPACE, SPACE, TARGET
from dse.launcher import typed
from dse.terminal import note, show
from dse.text_table import format_table

if TYPE_CHECKING:
    from dse.search import RunOptions, SearchRequest
    from dse.study.record import StudyRecord

__all__ = ["DATA_HELP", "add_arguments", "run"]

RECIPE_FLAGS = (
    "epochs", "views", "pictures", "calibration_pictures", "loss", "balance", "mirror", "seed",
)  # fmt: skip
DATA_HELP = "a folder, whatever its layout, or KIND:DIR, synthetic[:COUNT]"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `dse search`."""
    _add_search(parser.add_argument_group("what to search"))
    _add_training(parser.add_argument_group("how to train"))
    _add_run(parser.add_argument_group("how to run it"))
    add_json(parser)


def _add_search(what: argparse._ActionsContainer) -> None:
    what.add_argument("--budget", type=count, help="trainings to pay for at most (default: 50)")
    what.add_argument(
        "--target", help=f"the chip: a file of constraints/, or a path (default: {TARGET})"
    )
    what.add_argument(
        "--space",
        help="a file of search_spaces/, or a path "
        f"(default: {SPACE} for faces, else {OTHERS_SPACE}; other chips have their own)",
    )
    _add_pictures(what)
    what.add_argument("--proposer", help="who picks the next training (default: composite)")
    what.add_argument(
        "--no-early-stopping",
        dest="early_stopping",
        action="store_false",
        default=None,
        help="finish every training, even one that a finished design beats already, and spend the "
        "whole budget, even where nothing is expected to be gained",
    )
    what.add_argument(
        "--warm-from",
        action="append",
        metavar="STUDY",
        help="take over the finished trainings of a study with the same pictures and recipe",
    )
    what.add_argument(
        "--replay",
        type=Path,
        metavar="TABLE",
        help="recorded trainings in place of training: a search in seconds, to compare searches",
    )
    what.add_argument("--seed", type=seed, help="of everything random (default: 0)")


def _add_training(training: argparse._ActionsContainer) -> None:
    add_weights(training)
    training.add_argument(
        "--epochs",
        type=positive_int,
        help="passes over the data, each training (default: 6, more for a small set)",
    )
    training.add_argument("--views", type=positive_int, help="versions of each training picture")
    training.add_argument(
        "--pictures", type=positive_int, help="training pictures used (default: all)"
    )
    training.add_argument(
        "--calibration-pictures",
        type=positive_int,
        help="training pictures that set the ranges of activations (default: 64)",
    )
    training.add_argument("--loss", choices=("focal", "paper"))
    training.add_argument(
        "--balance",
        type=share,
        help="0 counts all objects alike, towards 1 those of rare classes more (default: 0.99)",
    )
    training.add_argument(
        "--mirror",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="mirror training pictures (default: unless classes are digits, letters, arrows)",
    )


def _add_run(how: argparse._ActionsContainer) -> None:
    how.add_argument("--study", help="name of the study (default: the target and a number)")
    how.add_argument("--resume", action="store_true", help="go on with --study, or the latest")
    how.add_argument("--executor", choices=("ray", "inline"), default="ray")
    how.add_argument("--ray-address", help="a running Ray cluster (default: this machine)")
    how.add_argument(
        "--storage",
        metavar="URL",
        help="keep the study's record in this database, for several drivers (see docs/cluster.md)",
    )
    how.add_argument("--workers", type=positive_int, help="trainings at a time (default: cores)")
    how.add_argument("--time-limit", type=positive_float, metavar="SECONDS")
    how.add_argument("--dry-run", action="store_true", help="price the space and stop there")
    how.add_argument("--verbose", action="store_true", help="show Ray's own messages, too")
    add_study(how)


def _add_pictures(parser: argparse._ActionsContainer) -> None:
    parser.add_argument("--data", help=f"pictures to train on: {DATA_HELP} (default: synthetic)")
    parser.add_argument("--eval-data", help="pictures to measure AP on (default: those of --data)")
    add_classes(parser)


def run(options: argparse.Namespace) -> int:
    """Runs the search, prints the front."""
    if options.dry_run:
        return _dry_run(options)
    from dse.data.specification import are_drawn_scenes
    from dse.search import find_study, load_study, run_search

    how = _run_options(options)
    report = run_search(_request(options), how)
    if options.json:
        print_json(report.as_dict())
        return 0
    record = load_study(find_study(how.results, report.study))
    show(front_table(report.front, report.columns))
    note("")
    note(summary_line(report))
    if report.audit.audited:
        note(f"audit of early stopping: {report.audit.words()}")
    note(f"look:   {typed(f'dashboard {report.study}{how.results_flag}')}")
    if options.replay:
        note("a replay trains nothing: there are no weights to export")
    elif any(map(has_file, report.front)):
        note(f"best:   {_best(record)}")
        note(f"export: {typed(f'export best --study {report.study}{how.results_flag}')}")
    if not options.replay and are_drawn_scenes(record.settings.search.data):
        note(
            "These scenes are drawn, so this was a demo. For faces on photographs take a detector "
            f"of the package ({typed('export shipped:P5-a1-256')}), or search on pictures of "
            f"your own ({typed('search --data DIR')})."
        )
    return 0


def _best(record: StudyRecord) -> str:
    """Which design `dse export best` takes, and why."""
    from dse.study.best_design import choose

    choice = choose(record)
    return choice.words if choice else "none"


def _request(options: argparse.Namespace) -> SearchRequest:
    """What to search."""
    from dataclasses import replace

    from dse.search import SearchRequest, find_study
    from dse.training import Recipe

    changed = {name: getattr(options, name) for name in RECIPE_FLAGS}
    changed = {name: value for name, value in changed.items() if value is not None}
    warm_from = [find_study(options.results, name) for name in options.warm_from or ()]
    return SearchRequest(
        budget=options.budget,
        target=options.target,
        space=options.space,
        data=_picked(options.data, options),
        eval_data=options.eval_data and _picked(options.eval_data, options),
        weights_dir=Path(options.weights_dir) if options.weights_dir else None,
        weights=options.weights,
        recipe=replace(Recipe(), **changed) if changed else None,
        proposer=options.proposer,
        seed=options.seed,
        early_stopping=options.early_stopping,
        replay=options.replay,
        warm_from=tuple(warm_from) or None,
    )


def _picked(source: str | None, options: argparse.Namespace) -> str | None:
    """A source of pictures with the classes that the flags pick."""
    from dse.data.specification import with_classes

    return with_classes(source, options.classes, options.merge)


def _run_options(options: argparse.Namespace) -> RunOptions:
    """How to run it."""
    from dse.search import RunOptions

    return RunOptions(
        results=options.results,
        study=options.study,
        resume=options.resume,
        executor=options.executor,
        ray_address=options.ray_address,
        storage=options.storage,
        workers=options.workers,
        time_limit_s=options.time_limit,
        verbose=options.verbose,
        command=("dse", *sys.argv[1:]),
    )


def _dry_run(options: argparse.Namespace) -> int:
    """What the search would choose from: counts by reason, and the trainings that fit."""
    from dse.search import plan_search

    plan = plan_search(_request(options))
    if options.json:
        trainings = [design.training.id for design in plan.designs]
        counts = {"candidates": len(plan.rows), "feasible": plan.feasible}
        print_json({**counts, "rejected": plan.rejected, "trainings": trainings})
        return 0
    show(f"{len(plan.rows)} candidates, {plan.feasible} fit; rejected:")
    rejected = [(reason, str(count)) for reason, count in plan.rejected.items()]
    show(format_table(("limit", "candidates"), rejected, ("limit",), ruled=False))
    show(f"{len(plan.designs)} trainings have a deployable format:")
    rows = [
        (row.training.id, *times(row), f"{row.file_bytes / 1000:.0f}")
        for row in map(plan.deployable_row, (design.training for design in plan.designs))
    ]
    header = ("training", "ms", "band", f"{plan.rows.columns.size.heading} kB")
    show(format_table(header, rows, ("training",), ruled=False))
    return 0
