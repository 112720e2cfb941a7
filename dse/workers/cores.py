"""How many workers this machine can take."""

from __future__ import annotations

import os

__all__ = ["available_cores", "default_workers"]

MOST_WORKERS = 8
"""On one machine, where nobody says: small networks do not fill more threads."""


def default_workers() -> int:
    """One worker a core, at most eight."""
    return min(available_cores(), MOST_WORKERS)


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))
