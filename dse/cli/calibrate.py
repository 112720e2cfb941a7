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
    from dse.chips.k210.calibration.account import calibration_account, calibration_table
    from dse.chips.k210.calibration.profile_file import profile_text, write_profile
    from dse.chips.k210.calibration.refit import refit
    from dse.chips.k210.calibration.time_log import read_log
    from dse.chips.target import Target

    target = Target.load(options.target)
    log = read_log(options.log, target, options.network)
    if log.ignored:
        some = ", ".join(map(str, log.ignored[:SHOWN]))
        more = ", ..." if len(log.ignored) > SHOWN else ""
        note(f"{options.log}: lines without a time that is used: {some}{more}")
    found = refit(log.times, target)
    out = options.out or Path(f"{target.name}-{options.log.stem}.toml")
    text = profile_text(found, options.target, options.log.name, len(found.left_out))
    write_profile(out, text, options.force)
    account = {"profile": out, **calibration_account(log.times, found)}
    if options.json:
        print_json(account)
    else:
        show(calibration_table(account))
    note(f"written: {out} (dse check --target {out} DESIGN)")
    return 0
