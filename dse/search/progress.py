"""Where a search stands, on stderr: one live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import NamedTuple, TextIO

from dse.files import printable
from dse.terminal import note_to

__all__ = ["Progress", "Standing", "UnderWay", "duration", "progress_line"]

PLAIN_EVERY_S = 15.0
LIVE_EVERY_S = 0.2
ERASE_LINE = "\r\x1b[K"
DIM, PLAIN = "\x1b[2m", "\x1b[0m"


class UnderWay(NamedTuple):
    """A training that goes on. epochs: of which `epoch` are done; 0 before the first report."""

    training: str
    epoch: int
    epochs: int

    @property
    def share(self) -> float:
        """Done of it."""
        return self.epoch / self.epochs if self.epochs else 0.0

    def __str__(self) -> str:
        """For people."""
        return f"{self.training} {self.epoch}/{self.epochs}" if self.epochs else self.training


@dataclass(frozen=True)
class Standing:
    """A search at one moment. Counts are trainings.

    measuring: compiled files measured and to be measured, once the trainings are done.
    reused: trainings taken over from other studies, which cost nothing.
    left_s: estimated seconds to the end, None as long as nothing says.
    """

    trained: int
    stopped: int
    failed: int
    running: Sequence[UnderWay]
    budget: int
    hypervolume: float
    elapsed_s: float
    left_s: float | None
    measuring: tuple[int, int] | None = None
    reused: int = 0


def progress_line(standing: Standing) -> str:
    """One line of text, such as `trained 12/50 · 3 min 05 s, about 9 min 20 s left · ...`: the
    first words matter most, for a narrow terminal cuts the last."""
    parts = [f"trained {standing.trained + standing.stopped}/{standing.budget}"]
    if standing.measuring:
        parts.append("compiled files measured {}/{}".format(*standing.measuring))
    left = "" if standing.left_s is None else f", about {duration(standing.left_s)} left"
    parts.append(duration(standing.elapsed_s) + left)
    if standing.running:
        parts.append(f"running {', '.join(map(str, standing.running))}")
    counts = (
        ("reused", standing.reused),
        ("stopped early", standing.stopped),
        ("failed", standing.failed),
    )
    parts += [f"{what} {count}" for what, count in counts if count]
    parts.append(f"hypervolume {standing.hypervolume:.4f}")
    return " · ".join(parts)


def duration(seconds: float) -> str:
    """Such as `42 s`, `3 min 05 s` or `2 h 07 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


class Progress:
    """Writes to one stream, as long as it takes it.

    Lifetime: `tick` as often as you like, `event` when something ended, `close` at the end.
    On a terminal one line is rewritten; elsewhere a line appears per event, or every 15 s.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._live = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._colour = self._live and "NO_COLOR" not in os.environ
        self._shown_at = monotonic() if not self._live else 0.0
        self._drawn = False

    def tick(self, standing: Callable[[], Standing]) -> None:
        """Shows where the search stands, if it is time to."""
        every = LIVE_EVERY_S if self._live else PLAIN_EVERY_S
        if monotonic() - self._shown_at >= every:
            self._show(standing())

    def event(self, message: str, standing: Callable[[], Standing]) -> None:
        """Says that something ended, and where the search stands now."""
        if self._live:
            self.say(message)
            self._show(standing())
        else:
            self._write(f"{printable(message)} · {progress_line(standing())}\n")
            self._shown_at = monotonic()

    def say(self, message: str) -> None:
        """A line of its own, which stays."""
        self._write(f"{ERASE_LINE if self._drawn else ''}{printable(message)}\n")
        self._drawn = False

    def close(self) -> None:
        """Leaves the last line on the screen and the cursor below it."""
        if self._drawn:
            self._write("\n")
            self._drawn = False

    def _show(self, standing: Standing) -> None:
        self._shown_at = monotonic()
        line = progress_line(standing)
        if not self._live:
            self._write(f"{line}\n")
            return
        width = shutil.get_terminal_size().columns - 1
        line = line if len(line) <= width else line[: width - 1] + "…"
        self._write(ERASE_LINE + (f"{DIM}{line}{PLAIN}" if self._colour else line))
        self._drawn = True

    def _write(self, text: str) -> None:
        note_to(self._stream, text)
