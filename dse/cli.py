"""The command line: `dse COMMAND ...`.

Data goes to stdout, everything for the eye of the person who waits goes to stderr. Exit codes:
0 done, 1 failure, 2 usage, 3 nothing feasible, 4 verification failed, 130 interrupted and saved.
"""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from dse.commands import COMMANDS
from dse.errors import DseError

__all__ = ["main"]

INTERRUPTED = 130


class _Parser(argparse.ArgumentParser):
    """Says which command was probably meant, and ends with exit code 2."""

    def error(self, message: str) -> NoReturn:
        if "invalid choice" in message and self.prog == "dse":
            typed = message.split("'")[1]
            near = difflib.get_close_matches(typed, COMMANDS, n=1)
            message = f"unknown command '{typed}'." + (
                f" Did you mean '{near[0]}'?" if near else ""
            )
        super().error(message)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code. Errors of `dse` become one clear message."""
    # TensorFlow and Ray chatter on stderr from C++; what matters reaches people as DseError
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    options = _parser().parse_args(arguments)
    try:
        code: int = COMMANDS[options.command].run(options)
        sys.stdout.flush()
        return code
    except DseError as error:
        print(f"dse: {error}", file=sys.stderr)
        if error.hint:
            print(f"     {error.hint}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("dse: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="dse",
        description="Finds the best face detector that a chip can hold.",
        epilog="Exit codes: 0 done, 1 failure, 2 usage, 3 nothing feasible, "
        "4 verification failed, 130 interrupted and saved.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        summary = (command.__doc__ or "").splitlines()[0]
        command.add_arguments(commands.add_parser(name, help=summary, description=summary))
    return parser


if __name__ == "__main__":
    sys.exit(main())
