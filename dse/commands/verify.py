"""Verify an exported bundle, independently of what wrote it."""

from __future__ import annotations

import argparse
from pathlib import Path

from dse.commands.arguments import add_json, print_json
from dse.errors import VerificationFailed

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `dse verify`."""
    parser.add_argument("bundle", type=Path, help="the folder that dse export wrote")
    parser.add_argument(
        "--data", help="measure AP on these pictures, too: fddb:DIR, synthetic, ..."
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Prints what was measured and what is wrong; 4 where anything is."""
    from dse.data import open_data
    from dse.export import verify_bundle

    data = open_data(options.data, "eval") if options.data else None
    report = verify_bundle(options.bundle, data)
    if options.json:
        print_json({"ok": report.ok, "problems": report.problems, **report.measured})
    else:
        for name, value in report.measured.items():
            print(f"{name}: {value}")
        for problem in report.problems:
            print(f"problem: {problem}")
        print("verified" if report.ok else f"{len(report.problems)} problems")
    return 0 if report.ok else VerificationFailed.exit_code
