"""Verify an exported bundle, or a bare file of a chip, independently of what wrote it."""

from __future__ import annotations

import argparse
from pathlib import Path

from dse.cli.arguments import add_json, print_json
from dse.errors import UsageError, VerificationFailed
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
    path: Path = options.bundle
    if not path.is_dir() and not path.is_file():
        raise UsageError(f"{path} is neither a folder nor a file", "name a bundle or its file")
    from dse.chips import load_target
    from dse.chips.registry import DEFAULT_CHIP, chip, chip_of_file
    from dse.data import open_data

    data = open_data(options.data, "eval") if options.data else None
    target = load_target(options.target) if options.target else None
    on = chip_of_file(path) or chip(target.chip if target else DEFAULT_CHIP)
    report = on.verify(path, data, target)
    if options.json:
        print_json({"ok": report.ok, "problems": report.problems, **report.measured})
    else:
        for name, value in report.measured.items():
            show(f"{name}: {value}")
        for problem in report.problems:
            show(f"problem: {problem}")
        show("verified" if report.ok else f"{len(report.problems)} problems")
    return 0 if report.ok else VerificationFailed.exit_code
