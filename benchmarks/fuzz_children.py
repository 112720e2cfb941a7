"""Cases in children that may crash, hang, or ask for all memory: the parent sees what came of it.

A child is a fork of the parent, which has imported and tried everything already, so that a new
one takes milliseconds. It runs many cases one after the other. Its address space is what it has
at its start (numpy, numba's compiler and Pillow map about a gigabyte that is hardly used) and
`HEADROOM_BYTES` more: a case that asks for more gets a MemoryError, which is a finding.
"""

from __future__ import annotations

import contextlib
import faulthandler
import multiprocessing
import multiprocessing.connection
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from dse.errors import DseError

__all__ = ["HEADROOM_BYTES", "Fuzzed", "Result", "one_case", "run_cases"]

HEADROOM_BYTES = 1 << 30
"""For one case, over what the child has at its start."""

SAID = 1500
"""Characters of a traceback that are kept: its end."""


class Fuzzed(NamedTuple):
    """make: writes case N into a folder. read: what may find fault with it, or fail."""

    make: Callable[[int, Path], None]
    read: Callable[[int, Path], object]


_FORK = multiprocessing.get_context("fork")


class Result(NamedTuple):
    """What came of a case. kind: accepted, refused, traceback, crash or hang.

    what: the error's class, or the signal. where: the last line of `dse` that was running.
    said: the message, or the traceback. peak_mb: the most memory that its child had used by
    then, start_mb: what it had of the parent's when it was made.
    """

    case: int
    kind: str
    what: str = ""
    where: str = ""
    said: str = ""
    seconds: float = 0.0
    peak_mb: float = 0.0
    start_mb: float = 0.0


@dataclass
class _Child:
    """One process, and where it is: `case` None between two; `gone` when it ended."""

    process: Any
    pipe: Any
    log: Path
    left: list[int]
    case: int | None = None
    since: float = field(default_factory=time.monotonic)
    gone: bool = False


def run_cases(
    fuzzed: Fuzzed, cases: Sequence[int], scratch: Path, workers: int, limit_s: float
) -> Iterator[Result]:
    """The result of every one of `cases`, as they end. limit_s: a case that takes longer hangs."""
    children = [
        _start(fuzzed, list(cases[first::workers]), scratch / f"{first}", limit_s)
        for first in range(min(workers, len(cases)))
    ]
    try:
        while children:
            ready = multiprocessing.connection.wait([one.pipe for one in children], timeout=0.1)
            for index, child in enumerate(children):
                if child.pipe in ready:
                    yield from _heard(child)
                elif child.case is not None and time.monotonic() - child.since > limit_s:
                    yield _ended(child, "hang", limit_s)
                if child.gone and child.left:
                    children[index] = _start(fuzzed, child.left, child.log.parent, limit_s)
            children = [one for one in children if not one.gone]
    finally:
        for child in children:
            child.process.kill()
            child.process.join()
            child.pipe.close()


def _start(fuzzed: Fuzzed, cases: list[int], folder: Path, limit_s: float) -> _Child:
    folder.mkdir(parents=True, exist_ok=True)
    pipe, theirs = _FORK.Pipe()
    log = folder / "log"
    process = _FORK.Process(target=_work, args=(fuzzed, cases, folder, theirs, log, limit_s))
    process.start()
    theirs.close()
    return _Child(process, pipe, log, cases)


def _heard(child: _Child) -> Iterator[Result]:
    """What a child told: that it begins a case, or the result of one; or that it is gone."""
    try:
        told = child.pipe.recv()
    except (EOFError, ConnectionResetError):
        child.gone = True
        if child.left:
            yield _ended(child, "crash", 0.0)
        return
    if isinstance(told, int):
        child.case, child.since = told, time.monotonic()
        return
    child.case = None
    child.left.remove(told.case)
    yield told


def _ended(child: _Child, kind: str, seconds: float) -> Result:
    """The result of the case in which a child died, or is now killed."""
    if kind == "hang":
        child.process.kill()
    child.process.join()
    child.gone = True
    child.pipe.close()
    case = child.left[0] if child.case is None else child.case
    child.left.remove(case)
    what = "" if kind == "hang" else _signal(child.process.exitcode)
    said = child.log.read_text(errors="replace") if child.log.exists() else ""
    return Result(case, kind, what, _place(said), said[-SAID:], seconds)


def _work(
    fuzzed: Fuzzed, cases: list[int], folder: Path, pipe: Any, log: Path, limit_s: float
) -> None:
    """The child: all of `cases`, in order."""
    with log.open("w") as file:
        for stream in (1, 2):  # what native code prints, too
            os.dup2(file.fileno(), stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        faulthandler.enable(file)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        sys.setrecursionlimit(1000)  # a test's runner may have raised it
        limit = _address_space() + HEADROOM_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(BrokenPipeError):
            start_mb = _peak_mb()
            for case in list(cases):
                pipe.send(case)
                file.truncate(0)
                faulthandler.dump_traceback_later(0.9 * limit_s, file=file)
                result = one_case(fuzzed, case, folder / "case")
                faulthandler.cancel_dump_traceback_later()
                pipe.send(result._replace(peak_mb=_peak_mb(), start_mb=start_mb))


def one_case(fuzzed: Fuzzed, case: int, folder: Path) -> Result:
    """Reads case number `case` in this process."""
    fuzzed.make(case, folder)
    started = time.monotonic()
    try:
        fuzzed.read(case, folder)
        result = Result(case, "accepted")
    except DseError as error:
        result = Result(case, "refused", type(error).__name__, said=f"{error} {error.hint}"[-SAID:])
    except BaseException as error:
        said = "".join(traceback.format_exception(error))[-SAID:]
        result = Result(case, "traceback", type(error).__name__, _last_frame(error), said)
    return result._replace(seconds=time.monotonic() - started)


def _peak_mb() -> float:
    """The most memory that this process has had, MB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def _last_frame(error: BaseException) -> str:
    """The innermost place in `dse` that `error` passed."""
    places = [
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
        if "/dse/" in frame.filename
    ]
    return places[-1] if places else ""


def _place(log: str) -> str:
    """As `_last_frame`, from what faulthandler wrote: innermost first."""
    for line in log.splitlines():
        if line.lstrip().startswith("File ") and "/dse/" in line:
            _, path, rest = line.split('"', 2)
            return f"{Path(path).name}{rest.replace(', line ', ':').replace(' in', '')}"
    return ""


def _signal(code: int | None) -> str:
    if code is None or code >= 0:
        return f"exit code {code}"
    return signal.Signals(-code).name


def _address_space() -> int:
    """Of this process, bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()
