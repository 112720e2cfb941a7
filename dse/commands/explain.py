"""Account for a design layer by layer: memory, time, where it runs, and why."""

from __future__ import annotations

import argparse

from dse.commands.arguments import add_json, add_target, print_json

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `dse explain`."""
    parser.add_argument("design", help="a candidate or a .tflite file")
    add_target(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Prints the account."""
    from dse.cost import Target, explain_rows, explain_table

    rows = explain_rows(options.design, Target.load(options.target))
    if options.json:
        print_json({"design": options.design, "layers": rows})
    else:
        print(explain_table(rows))
    return 0
