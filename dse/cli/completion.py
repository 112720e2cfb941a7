"""Print a script that completes commands and flags in a shell.

It is made from the commands' own flags, by shtab.
"""

from __future__ import annotations

import argparse

from dse.terminal import show

__all__ = ["SHELLS", "add_arguments", "run"]

SHELLS = ("bash", "zsh", "tcsh")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `dse completion`."""
    parser.add_argument("shell", choices=SHELLS, help="whose script")


def run(options: argparse.Namespace) -> int:
    """Prints the script."""
    import shtab

    from dse.cli.entry import whole_parser

    show(shtab.complete(whole_parser(), shell=options.shell))
    return 0
