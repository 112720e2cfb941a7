"""Show a study: what made it, what it came to, and its front as a table."""

from __future__ import annotations

import argparse

from dse.cli.arguments import add_json, add_study, print_json
from dse.terminal import show

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `dse show`."""
    parser.add_argument(
        "study", nargs="?", metavar="STUDY", help="default: the latest with weights"
    )
    add_study(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Prints it."""
    from dse.cli.front import front_table, summary_line
    from dse.study.best_design import choose
    from dse.study.facts import facts
    from dse.study.folder import find_study
    from dse.study.listing import summary
    from dse.study.record import load_study

    record = load_study(find_study(options.results, options.study))
    report, told = record.report(), summary(record)
    made = {"folder": str(record.path), **facts(record)}
    if options.json:
        print_json({**told.as_dict(), "made_by": made, "report": report.as_dict()})
        return 0
    widest = max(map(len, made))
    for name, words in made.items():
        show(f"{name:<{widest}}  {words}")
    show("")
    show(summary_line(report))
    if report.audit.audited:
        show(f"audit of early stopping: {report.audit.words()}")
    if told.searching:
        show("a search is running on it")
    if not told.weights:
        show("no weights are in it: nothing can be exported from it")
    choice = choose(record)
    if choice:
        show(f"best: {choice.words}")
    show("")
    show(front_table(report.front, report.columns))
    return 0
