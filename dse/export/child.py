"""Child processes for native code that prints, hangs or dies.

nncase writes to C++ stdout and can end its process; in a child of our own it cannot hurt
anything, and a time limit and a memory limit hold.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence

from dse.errors import DseError

__all__ = [
    "command",
    "death_of",
    "disk_errors",
    "environment",
    "last_lines",
    "limit_memory",
    "run",
]

MEMORY_LIMIT_BYTES = 6 << 30
"""Address space of a child: a corrupt file may ask for any amount."""


def command(module: str, *arguments: str) -> list[str]:
    """The command line that runs `module` in this interpreter."""
    return [sys.executable, "-m", module, *arguments]


def environment(threads: int = 1) -> dict[str, str]:
    """This process's environment with OpenMP held to `threads` and the same import path."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return {**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONPATH": path}


def limit_memory(limit_bytes: int = MEMORY_LIMIT_BYTES) -> None:
    """Called by a child on itself: allocations beyond `limit_bytes` fail."""
    resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


@contextlib.contextmanager
def disk_errors() -> Iterator[None]:
    """A full or forbidden temporary folder becomes a DseError that says so."""
    try:
        yield
    except OSError as error:
        raise DseError(
            f"cannot work in {tempfile.gettempdir()}: {error.strerror or error}",
            "free space there, or name another folder in TMPDIR",
        ) from error


def death_of(process: subprocess.Popen[bytes]) -> str:
    """How a finished child ended, in words."""
    code = process.returncode
    if code is not None and code < 0:
        try:
            return f"killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"killed by signal {-code}"
    return f"ended with code {code}"


def last_lines(text: str, count: int = 4) -> str:
    """The last non-empty lines of `text`, on one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join(lines[-count:])


def run(arguments: Sequence[str], time_limit_s: float) -> tuple[int | None, str, str]:
    """Runs a child to its end: (code or None when it ran out of time, output, how it ended).

    However this ends, also by an interrupt, the child and its own children are gone.
    """
    process = subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment(threads=os.cpu_count() or 1),
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=time_limit_s)
        code: int | None = process.returncode
    except subprocess.TimeoutExpired:
        code = None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
    return code, output.decode(errors="replace"), death_of(process)
