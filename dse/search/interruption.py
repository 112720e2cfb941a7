"""Ctrl-C and SIGTERM: leave at once, but never in the middle of a write."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["Interruption"]


class Interruption:
    """Turns SIGINT and SIGTERM into a KeyboardInterrupt that comes at a good moment.

    Lifetime: `with Interruption() as interruption:` around the search. Outside a `held` block
    the first signal raises at once; inside, when the block ends, or at the next `check`. A
    second signal raises wherever it is. Handlers can only be set in the main thread;
    elsewhere this does nothing.
    """

    def __init__(self) -> None:
        self._depth = 0
        self._pending = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    @contextmanager
    def held(self) -> Iterator[None]:
        """A block that the first signal does not break into."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
        if not self._depth:
            self.check()

    def check(self) -> None:
        """Raises the KeyboardInterrupt that a `held` block put off."""
        if self._pending:
            self._pending = False
            raise KeyboardInterrupt

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._depth and not self._pending:
            self._pending = True
            return
        self._pending = False
        raise KeyboardInterrupt
