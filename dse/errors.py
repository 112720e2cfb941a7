"""Every error that `dse` raises on purpose, as one tree.

    DseError                     1  something failed
    ├── UsageError               2  the command line or a file it names is wrong
    │   ├── NotSupported            what the chip of the target cannot do
    │   ├── UnknownName             a name nobody knows (target, space, study, ...)
    │   └── InvalidFile             a space, target, study or log file that cannot be read
    ├── FileError                1  a file that the system will not let us read or write
    ├── DataError                1  pictures or annotations that cannot be used
    ├── StudyError               1  a study folder that cannot be used as it is
    │   ├── StudyLocked             another process is writing it
    │   └── CorruptJournal          its journal holds a line that is not a record
    ├── WeightsError             1  weights that are missing, truncated or of another network
    ├── Diverged                 1  a training whose loss or weights are no longer numbers
    ├── CompilerError            1  a chip's compiler refused or died
    ├── NothingFeasible          3  no design fits the target
    ├── VerificationFailed       4  an exported file is not what it claims to be
    └── Interrupted            130  stopped by Ctrl-C or SIGTERM; what was finished is saved

The number is the exit code of the command line. A message says what is wrong; `hint`
says what to do about it.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = [
    "CompilerError",
    "CorruptJournal",
    "DataError",
    "Diverged",
    "DseError",
    "FileError",
    "Interrupted",
    "InvalidFile",
    "NotSupported",
    "NothingFeasible",
    "StudyError",
    "StudyLocked",
    "UnknownName",
    "UsageError",
    "VerificationFailed",
    "WeightsError",
]


LONGEST_NAME = 80
"""Of a name that is compared with known ones and repeated: comparing takes its length squared."""

MOST_LISTED = 24
"""Known names in a message: a study has hundreds of designs."""


class DseError(Exception):
    """Base of the tree. `hint` is one sentence that says what to do."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(DseError):
    """The command line, or a file it names, is wrong."""

    exit_code = 2


class NotSupported(UsageError):
    """An ability that the chip of the target does not have."""


class UnknownName(UsageError):
    """`name` is no known `kind`; suggests the nearest of `known`."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        import difflib

        names = sorted(known)
        name = name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}..."
        near = difflib.get_close_matches(name, names, n=1)
        guess = f" Did you mean '{near[0]}'?" if near else ""
        more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
        listed = ", ".join(names[:MOST_LISTED]) + more if names else "none yet"
        super().__init__(f"unknown {kind} '{name}'.{guess}", hint=f"known: {listed}")


class InvalidFile(UsageError):
    """A settings file or log is wrong. The message names the file, the line if known, and why."""

    def __init__(self, path: object, why: str, line: int | None = None, hint: str = "") -> None:
        where = f"{path}:{line}" if line else f"{path}"
        super().__init__(f"{where}: {why}", hint)


class FileError(DseError):
    """A file that cannot be read or written: missing, forbidden, special, too large, no room."""


class DataError(DseError):
    """Pictures or annotations that cannot be used."""


class StudyError(DseError):
    """A study folder that cannot be used as it is."""


class StudyLocked(StudyError):
    """Another process is writing the study."""


class CorruptJournal(StudyError):
    """The study's journal holds a line that is not a record."""


class WeightsError(DseError):
    """Weights that are missing, truncated or of another network."""


class Diverged(DseError):
    """A training's loss or weights are no longer numbers (NaN, infinite)."""


class CompilerError(DseError):
    """A chip's compiler refused the network or died."""


class NothingFeasible(DseError):
    """No design of the space fits the target."""

    exit_code = 3


class VerificationFailed(DseError):
    """An exported file is not what it claims to be."""

    exit_code = 4


class Interrupted(DseError):
    """Stopped by Ctrl-C or SIGTERM. What was finished is saved; `hint` is how to go on."""

    exit_code = 130
