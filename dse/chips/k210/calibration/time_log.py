"""A log of times from a board: CSV, JSON lines, or what was printed on the serial line."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from dse.chips.k210.calibration.board_run import BoardRun
from dse.chips.k210.calibration.log_prints import read_prints
from dse.chips.k210.calibration.log_tables import (
    LOG_BYTES,
    csv_rows,
    is_header,
    json_row,
    measured_row,
)
from dse.chips.k210.calibration.measurement import Measured, NetworkTime
from dse.chips.k210.target import K210Target
from dse.errors import InvalidFile
from dse.files import read_bytes

__all__ = ["TimeLog", "read_log"]


MOST_TIMES = 1000
"""Of one log, equal work of a network counted once. A network has 200 steps at most, and the fit
predicts each time some hundreds of times: a thousand take it ten seconds."""


@dataclass(frozen=True)
class TimeLog:
    """Times, equal work of a network as its median; and lines that were no measurement."""

    path: Path
    times: tuple[Measured, ...]
    ignored: tuple[int, ...]


def read_log(path: Path, target: K210Target, network: str = "") -> TimeLog:
    """The times in the file `path`.

    target: its clocks hold where the log has none. network: holds until the log names one.
    Raises FileError, or InvalidFile with the line that is wrong, or when there is nothing to fit
    to.
    """
    text = read_bytes(path, LOG_BYTES).decode("utf-8", "replace")
    text = text.replace("\0", "\N{REPLACEMENT CHARACTER}").replace("\r", "")
    run = BoardRun.begin(path, target, network)
    lines = [(n, line.strip()) for n, line in enumerate(text.split("\n"), start=1)]
    lines = [(n, line) for n, line in lines if line and not line.startswith("#")]
    found, ignored = _read(run, text, lines)
    times = _medians(found)
    if len(times) > MOST_TIMES:
        hint = "a few runs of each network are enough: keep some of the lines"
        raise InvalidFile(path, f"{len(times):,} times, more than {MOST_TIMES:,}", hint=hint)
    if not any(one.fitted and one.predicted_ms(target) for one in times):
        hint = "docs/calibrate.md shows what a log may look like"
        raise InvalidFile(path, "no time in it that the constants could be fitted to", hint=hint)
    return TimeLog(path, tuple(times), tuple(ignored))


def _read(
    run: BoardRun, text: str, lines: list[tuple[int, str]]
) -> tuple[list[Measured], list[int]]:
    if lines and is_header(lines[0][1]):
        rows = csv_rows(run.path, text)
        return [measured_row(run, row, line) for line, row in rows], []
    if lines and lines[0][1].startswith("{"):
        objects = [(line, json_row(run.path, text, line)) for line, text in lines]
        return [measured_row(run, row, line) for line, row in objects], []
    printed = read_prints(run, lines)
    return list(printed.times), printed.ignored


def _medians(times: Iterable[Measured]) -> list[Measured]:
    """Times of the same part of a network under the same conditions become one."""
    found: list[Measured] = []
    alike: dict[tuple[object, ...], list[NetworkTime]] = {}
    for one in times:
        if isinstance(one, NetworkTime):
            key = (one.name, one.steps, one.kpu_clock_hz, one.cpu_clock_hz, one.runtime)
            alike.setdefault(key, []).append(one)
        else:
            found.append(one)
    for same in alike.values():
        ms = statistics.median(one.ms for one in same)
        found.append(replace(same[0], ms=ms, count=len(same)))
    return found
