"""Account for a design layer by layer: memory, time, where it runs, and why."""

from __future__ import annotations

import argparse
from pathlib import Path

from dse.commands.arguments import add_json, add_target, note, print_json

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `dse explain`."""
    parser.add_argument("design", help="a candidate or a .tflite file")
    parser.add_argument(
        "--figure",
        type=Path,
        metavar="FILE",
        help="draw memory and time, step by step: .html, or .png and .svg (with a Chromium)",
    )
    add_target(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Prints the account, and draws it."""
    from dse.cost import Target, explain, explain_table

    account = explain(options.design, Target.load(options.target))
    if options.figure:
        from dse.dashboard import write_explanation

        note(f"written: {write_explanation(account, options.figure)}")
    if options.json:
        print_json(account)
    else:
        print(explain_table(account))
    return 0
