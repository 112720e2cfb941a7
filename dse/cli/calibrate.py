"""Refit the time constants to times measured on a board, and write them as a profile.

LOG holds times of operations or of whole networks: what the bundle's programs or nncase's
runtimes print, CSV, or JSON lines; docs/calibrate.md says how to get one.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from dse.cli.arguments import add_json, add_target, print_json
from dse.terminal import note, show

__all__ = ["add_arguments", "run"]

SHOWN = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `dse calibrate`."""
    parser.add_argument("log", type=Path, metavar="LOG", help="times that a board printed")
    parser.add_argument(
        "--network", default="", help="of which network they are, until the log says it"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE.toml", help="the profile (default: TARGET-LOG.toml)"
    )
    parser.add_argument(
        "--force", action="store_true", help="overwrite a file that dse calibrate did not write"
    )
    add_target(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Writes the profile; prints times, errors and constants before and after."""
    from dse.chips import chip, load_target
    from dse.chips.profiles import write_profile

    target = load_target(options.target)
    found = chip(target.chip).calibrate(options.log, target, options.network, options.target)
    if found.ignored:
        some = ", ".join(map(str, found.ignored[:SHOWN]))
        more = ", ..." if len(found.ignored) > SHOWN else ""
        note(f"{options.log}: lines without a time that is used: {some}{more}")
    out = options.out or Path(f"{target.name}-{options.log.stem}.toml")
    write_profile(out, found.profile, options.force)
    if options.json:
        print_json({"profile": out, **found.account})
    else:
        show(found.table)
    note(f"written: {out} (dse check --target {out} DESIGN)")
    return 0
