"""The terminal: what is printed there, whatever it is made of and whatever became of the streams.

Names from data sets, archives and studies stand in results and messages. Control characters in
them would move the cursor or rename the window, so they are shown as escapes. Line breaks stay in
tables and texts of our own; an error or an event of a search is one line, whatever it names.

Results go to stdout, and where they cannot be written the command has failed. Messages go to
stderr, and a person who cannot read them is no reason to end the work.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from dse.errors import DseError
from dse.files import file_error, printable

__all__ = [
    "flush_results",
    "note",
    "note_error",
    "note_to",
    "prepare_streams",
    "safe",
    "show",
    "show_path",
    "silent_stderr",
]

RESULTS = Path("standard output")


def show(text: str) -> None:
    """A result, on stdout. Raises FileError where it cannot be written, BrokenPipeError where
    its reader has gone."""
    with _results():
        print(safe(text))


def show_path(path: Path) -> None:
    """A path as the result, a line of its own: as it is for a program that reads it. Raises as
    `show`."""
    with _results():
        print(safe(str(path)) if sys.stdout.isatty() else path)


def note(text: str) -> None:
    """Something for the person who waits, on stderr, if it takes it."""
    note_to(sys.stderr, safe(text) + "\n")


def note_error(error: DseError) -> None:
    """What went wrong, in a line, and what to do about it in another, as `note`."""
    note(f"dse: {printable(error)}")
    if error.hint:
        note(f"     {error.hint}")


def note_to(stream: TextIO, text: str) -> None:
    """`text` as it is, on `stream` if it takes it; the stream is silent from then on if not."""
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        _silence(stream)


def flush_results() -> None:
    """Everything shown is written. Raises what `show` raises; afterwards stdout is silent, as
    Python would try once more when it ends, and say so."""
    with _results():
        sys.stdout.flush()


def safe(text: str) -> str:
    """`text` with its line breaks, and escapes for all else that is no sign to print."""
    return "\n".join(map(printable, text.split("\n")))


def prepare_streams() -> None:
    """Streams that were closed swallow what they get, and signs that a stream's encoding lacks
    become escapes.

    The number of a closed stream would go to the next file that is opened, and what C libraries
    and child processes print would end in it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # closed; the system gives the lowest free number, which is this one
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextlib.contextmanager
def silent_stderr() -> Iterator[None]:
    """Nothing that C++ or Python writes to stderr inside is seen."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@contextlib.contextmanager
def _results() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        _silence(sys.stdout)
        if isinstance(error, BrokenPipeError):
            raise
        raise file_error(error, RESULTS, "written") from error


def _silence(stream: TextIO) -> None:
    """What `stream` still holds, and all that is written to it, goes nowhere."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
