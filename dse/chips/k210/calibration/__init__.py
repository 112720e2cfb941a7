"""A target's time constants, fitted to what boards printed.

A log is read to times of steps (`time_log`, from `log_tables` and `log_prints`); `refit` moves
the constants that they determine, held near what the bands say (`belief`), and gives them new
bands (`bands`); `profile_file` writes the result as a target, `account` says how well it fits.
"""

from __future__ import annotations

from pathlib import Path

from dse.chips.abilities import Calibration
from dse.chips.k210.target import K210Target

__all__ = ["calibrated"]


def calibrated(log: Path, target: K210Target, network: str, extends: str) -> Calibration:
    """Reads `log` and refits the constants of `target` to it; see `Chip.calibrate`."""
    # here, for who only wants the table of times, and not what fits constants
    from dse.chips.k210.calibration.account import calibration_account, calibration_table
    from dse.chips.k210.calibration.profile_file import profile_text
    from dse.chips.k210.calibration.refit import refit
    from dse.chips.k210.calibration.time_log import read_log

    read = read_log(log, target, network)
    found = refit(read.times, target)
    account = calibration_account(read.times, found)
    return Calibration(
        ignored=tuple(read.ignored),
        account=account,
        table=calibration_table(account),
        profile=profile_text(found, extends, log.name, len(found.left_out)),
    )
