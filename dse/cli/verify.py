"""Verify an exported bundle, or a bare file of a chip, independently of what wrote it."""

from __future__ import annotations

import argparse
from pathlib import Path

from dse.cli.arguments import add_json, print_json
from dse.errors import VerificationFailed
from dse.terminal import show

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `dse verify`."""
    parser.add_argument("bundle", type=Path, help="what dse export wrote, or a chip's file")
    parser.add_argument(
        "--data", help="measure AP on these pictures, too: fddb:DIR, synthetic, ..."
    )
    parser.add_argument(
        "--target",
        help="the firmware that must load it, a file of constraints/ "
        "(default: the bundle's own; for a bare file the chip alone)",
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Prints what was measured and what is wrong; 4 where anything is."""
    from dse.chips import load_target
    from dse.designs.verifying import verify_file

    target = load_target(options.target) if options.target else None
    report = verify_file(options.bundle, options.data, target)
    if options.json:
        print_json({"ok": report.ok, "problems": report.problems, **report.measured})
    else:
        for name, value in report.measured.items():
            show(f"{name}: {value}")
        for problem in report.problems:
            show(f"problem: {problem}")
        show("verified" if report.ok else _count(len(report.problems)))
    return 0 if report.ok else VerificationFailed.exit_code


def _count(problems: int) -> str:
    return f"{problems} problem{'' if problems == 1 else 's'}"
