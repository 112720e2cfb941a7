"""Child processes for native code that prints, hangs or dies.

nncase writes to C++ stdout and can end its process; in a child of our own it cannot hurt
anything, and a time limit and a memory limit hold.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

__all__ = [
    "command",
    "death_of",
    "environment",
    "last_lines",
    "run",
]


def command(module: str, *arguments: str) -> list[str]:
    """The command line that runs `module` in this interpreter."""
    return [sys.executable, "-m", module, *arguments]


def environment(threads: int = 1) -> dict[str, str]:
    """This process's environment with OpenMP held to `threads` and the same import path."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return {**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONPATH": path}


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
