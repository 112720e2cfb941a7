"""The command line: `dse COMMAND ...`.

Data goes to stdout, everything for the eye of the person who waits goes to stderr. Exit codes:
0 done, 1 failure, 2 usage, 3 nothing feasible, 4 verification failed, 130 interrupted and saved.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from dse.cli.commands import COMMANDS, command
from dse.cli.examples import examples_of
from dse.cli.project_file import PROJECT_FILE, flags_of, project_arguments
from dse.errors import DseError, FileError, Interrupted, UsageError
from dse.files import file_error
from dse.terminal import flush_results, note, note_error, prepare_streams, show

__all__ = ["main", "whole_parser"]


class _Parser(argparse.ArgumentParser):
    """Says which command was probably meant, and ends with exit code 2."""

    def error(self, message: str) -> NoReturn:
        if "invalid choice" in message and self.prog == "dse":
            import difflib

            typed = message.split("'")[1]
            near = difflib.get_close_matches(typed, COMMANDS, n=1)
            message = f"unknown command '{typed}'." + (
                f" Did you mean '{near[0]}'?" if near else ""
            )
        note(f"{self.format_usage()}{self.prog}: error: {message}")
        sys.exit(UsageError.exit_code)

    def print_help(self, file: Any = None) -> None:
        """On stdout, as any other result."""
        show(self.format_help().rstrip("\n"))


class _HelpWithExamples(argparse.HelpFormatter):
    """Wraps sentences, and leaves examples in their lines."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if text.startswith("examples:"):
            return text
        first, gap, rest = text.partition("\n\n")
        wrapped = super()._fill_text(first, width, indent)
        return wrapped + gap + self._fill_text(rest, width, indent) if gap else wrapped


class _Version(argparse.Action):
    """Prints the versions that decide what comes out, and ends; a result as any other."""

    def __call__(self, *_: object) -> NoReturn:
        from dse.chips.registry import CHIPS, chip
        from dse.versions import versions

        compilers = (package for name in CHIPS for package in chip(name).packages)
        found = versions(["dse", *compilers])
        first = f"dse {found.pop('dse', '(not installed)')}"
        show(f"{first} ({', '.join(f'{name} {number}' for name, number in found.items())})")
        sys.exit()


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code. Errors of `dse`, and whatever the system
    refuses, become one clear message."""
    # TensorFlow and Ray chatter on stderr from C++; what matters reaches people as DseError
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    prepare_streams()
    try:
        return _run(arguments)
    except DseError as error:
        return _failed(error)
    except BrokenPipeError:  # the reader of our output has seen enough
        return 0
    except OSError as error:  # of a file that nobody had in mind
        return _failed(file_error(error))
    except MemoryError:
        return _failed(DseError("not enough memory", "give it fewer or smaller pictures at a time"))
    except KeyboardInterrupt:
        return _failed(Interrupted("interrupted"))


def _run(arguments: Sequence[str] | None) -> int:
    """The exit code of a command whose results have all been written."""
    given = (sys.argv[1:] if arguments is None else list(arguments)) or ["--help"]
    try:
        options = _parser(given[:1]).parse_args(_with_project_file(given))
    except SystemExit:  # after --help, too
        flush_results()
        raise
    code = int(command(options.command).run(options))
    flush_results()
    return code


def _with_project_file(given: Sequence[str]) -> list[str]:
    """What was typed, behind the flags that the project file holds for that command."""
    if given[0] not in COMMANDS or not PROJECT_FILE.exists():
        return list(given)
    kept = project_arguments(given[0], flags_of(whole_parser()))
    if kept:
        note(f"from {PROJECT_FILE}: {' '.join(kept)}")
    return [given[0], *kept, *given[1:]]


def _failed(error: DseError) -> int:
    """Says so; the exit code."""
    with contextlib.suppress(FileError, BrokenPipeError):  # of two troubles, the first is told
        flush_results()
    note_error(error)
    return error.exit_code


def whole_parser() -> argparse.ArgumentParser:
    """All commands with their flags."""
    return _parser(())


def _parser(first: Sequence[str]) -> argparse.ArgumentParser:
    """first: what stands first on the command line; one command's name spares the others' flags."""
    parser = _Parser(
        prog="dse",
        description="Finds the best detector that a chip can hold.",
        epilog="Exit codes: 0 done, 1 failure, 2 usage, 3 nothing feasible, "
        "4 verification failed, 130 interrupted and saved.",
    )
    parser.add_argument(
        "--version", action=_Version, nargs=0, help="the versions of dse, Python and the compilers"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in [name for name in COMMANDS if name in first] or COMMANDS:
        module = command(name)
        summary = (module.__doc__ or "").splitlines()[0]
        one = commands.add_parser(
            name, help=summary, description=summary, formatter_class=_HelpWithExamples
        )
        module.add_arguments(one)
        one.epilog = "\n\n".join(filter(None, [one.epilog, examples_of(name)]))
    return parser


if __name__ == "__main__":
    sys.exit(main())
