"""Processes: the one place that starts another program, watches its clock, and ends all of it.

Native code that reads a damaged file may print, hang, ask for any amount of memory or die: in a
process of its own it hurts nobody. Every child has a session of its own, so that it and what it
started end together, no core file, no terminal to read from, and, where it reads what others
wrote, a limit of memory.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from dse.files import reported

__all__ = [
    "MEMORY_LIMIT_BYTES",
    "Companion",
    "Ended",
    "Finished",
    "last_lines",
    "module_command",
    "run",
]

MEMORY_LIMIT_BYTES = 6 << 30
"""Address space of a child that reads what others wrote: a corrupt file may ask for any amount.
TensorFlow takes 3 GB of it before it reads anything."""

MOST_OUTPUT_BYTES = 256 << 20
"""Of what a program prints: a page with all figures of a study has tenths of it."""

PART_BYTES = 1 << 16
DYING_S = 5.0
"""How long a process that closed its output is waited for before it is killed."""


class Finished(NamedTuple):
    """A program's end. code: None when it was stopped. output: what it printed. death: in words."""

    code: int | None
    output: str
    death: str


class Ended(Exception):
    """A companion is gone; the message says how it ended, such as "killed by SIGSEGV"."""


def module_command(module: str, *arguments: str) -> list[str]:
    """The command line that runs `module` in this interpreter."""
    return [sys.executable, "-m", module, *arguments]


def run(
    arguments: Sequence[str],
    time_limit_s: float,
    *,
    memory_limit_bytes: int | None = None,
    errors: bool = True,
) -> Finished:
    """Runs a program to its end, or stops it after `time_limit_s`, or when it prints without end.

    memory_limit_bytes: of address space; None for a program that reads nothing of others.
    errors: whether its stderr belongs to the output. However this ends, also by an interrupt, the
    child and its own children are gone. Raises FileError where it cannot be started.
    """
    into = subprocess.STDOUT if errors else subprocess.DEVNULL
    threads = os.cpu_count() or 1
    child = _start(arguments, subprocess.DEVNULL, into, threads, memory_limit_bytes)
    deadline, output, done = time.monotonic() + time_limit_s, bytearray(), False
    try:
        for part in _parts(child, deadline):
            output += part
            if len(output) > MOST_OUTPUT_BYTES:
                break
        else:
            child.wait(max(deadline - time.monotonic(), 0))
            done = True
    except (TimeoutError, subprocess.TimeoutExpired):
        pass
    finally:
        _end(child)
    code = child.returncode if done else None
    return Finished(code, output.decode(errors="replace"), _death(child))


class Companion:
    """A program that answers on its stdout what it is asked on its stdin.

    Lifetime: made, which starts it; then `send` and `receive`; `close` ends it at once. Raises
    FileError where it cannot be started.
    """

    def __init__(
        self, arguments: Sequence[str], *, threads: int = 1, memory_limit_bytes: int | None = None
    ) -> None:
        pipe, silent = subprocess.PIPE, subprocess.DEVNULL
        self._child = _start(arguments, pipe, silent, threads, memory_limit_bytes)

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._child.poll() is None

    def send(self, content: bytes) -> None:
        """Writes all of `content` to it. Raises Ended where it is gone."""
        stdin = _pipe(self._child.stdin)
        try:
            stdin.write(content)
            stdin.flush()
        except OSError:
            raise self._ended() from None

    def receive(self, size_bytes: int, deadline: float) -> bytes:
        """The next `size_bytes` that it writes. deadline: of `time.monotonic`.

        Raises TimeoutError when they are not there by then, Ended where it is gone.
        """
        content = bytearray()
        while len(content) < size_bytes:
            part = _part(self._child, deadline, size_bytes - len(content))
            if not part:
                raise self._ended()
            content += part
        return bytes(content)

    def close(self) -> None:
        """Ends it at once: it holds nothing worth saving. Safe to call twice."""
        _end(self._child)

    def _ended(self) -> Ended:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(timeout=DYING_S)
        _end(self._child)
        return Ended(_death(self._child))


def last_lines(text: str, count: int = 4) -> str:
    """The last non-empty lines of `text`, on one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join(lines[-count:])


def _start(
    arguments: Sequence[str], stdin: int, stderr: int, threads: int, memory_limit_bytes: int | None
) -> subprocess.Popen[bytes]:
    """Starts a program with OpenMP held to `threads` and this process's import path."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONPATH": path}
    with reported(Path(arguments[0]), "started"):
        child = subprocess.Popen(
            arguments,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=environment,
            start_new_session=True,
        )
    with contextlib.suppress(ProcessLookupError):  # it has ended already
        # from outside, and at once: an interpreter takes longer to start than these lines, and
        # code of ours between fork and exec is not safe beside threads
        _limit(child.pid, resource.RLIMIT_CORE, 0)
        if memory_limit_bytes is not None:
            _limit(child.pid, resource.RLIMIT_AS, memory_limit_bytes)
    return child


def _limit(pid: int, kind: int, most: int) -> None:
    """Lowers a limit of a process to `most`; one that is lower already stays."""
    _, hard = resource.prlimit(pid, kind)
    if hard == resource.RLIM_INFINITY or hard > most:
        resource.prlimit(pid, kind, (most, most))


def _parts(child: subprocess.Popen[bytes], deadline: float) -> Iterator[bytes]:
    """What it prints, until it closes its output. Raises TimeoutError."""
    while part := _part(child, deadline, PART_BYTES):
        yield part


def _part(child: subprocess.Popen[bytes], deadline: float, most_bytes: int) -> bytes:
    """What has come of its output, empty at its end. Raises TimeoutError at `deadline`."""
    stdout, left = _pipe(child.stdout), deadline - time.monotonic()
    if left <= 0 or not select.select([stdout], [], [], left)[0]:
        raise TimeoutError
    return os.read(stdout.fileno(), most_bytes)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kills it and what it started, and closes its pipes."""
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):  # unsent bytes of a process that is gone
                pipe.close()


def _death(child: subprocess.Popen[bytes]) -> str:
    """How a finished child ended, in words."""
    code = child.returncode
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None, "the process was started with pipes"
    return pipe
