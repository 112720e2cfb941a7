"""The pulse of a driver: as long as it beats, its trainings are its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

__all__ = ["Heartbeat"]


class Heartbeat:
    """Beats for some trials, again and again from `start` to `stop`.

    beat(id): says that trial `id` is alive. every_s: between two beats.
    """

    def __init__(self, beat: Callable[[int], None], every_s: float) -> None:
        self._beat, self._every_s = beat, every_s
        self._trials: set[int] = set()
        self._ended = threading.Event()

    def start(self) -> None:
        """Beats in a thread from now on."""
        self._thread = threading.Thread(target=self._beat_on, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """No beat comes after this."""
        self._ended.set()
        self._thread.join()

    def add(self, id: int) -> None:
        """Beats at once, and from now on."""
        self._trials.add(id)
        self._beat(id)

    def drop(self, id: int) -> None:
        """Beats no longer for trial `id`."""
        self._trials.discard(id)

    def _beat_on(self) -> None:
        """A database that is away for a moment is asked again."""
        while not self._ended.wait(self._every_s):
            for id in list(self._trials):
                with suppress(Exception):
                    self._beat(id)
