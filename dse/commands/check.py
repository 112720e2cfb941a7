"""Say what a design costs and whether it fits, without training it.

A design is a candidate (A98-a0.5-224-kpu8) or a TensorFlow-Lite file.
"""

from __future__ import annotations

import argparse

from dse.commands.arguments import add_json, add_target, print_json

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `dse check`."""
    parser.add_argument(
        "designs", nargs="+", metavar="DESIGN", help="a candidate or a .tflite file"
    )
    parser.add_argument(
        "--space", default="mobilenetv2_face", help="where to look for the nearest that fits"
    )
    add_target(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Prints a row for each design; 3 where none of them fits."""
    from dse.cost import Target, check_rows, check_table
    from dse.errors import NothingFeasible
    from dse.space import SearchSpace

    target = Target.load(options.target)
    rows = check_rows(options.designs, target, SearchSpace.load(options.space))
    if options.json:
        print_json(rows)
    else:
        print(check_table(rows))
    fits = any(row["verdict"] != "rejected" for row in rows)
    return 0 if fits else NothingFeasible.exit_code
