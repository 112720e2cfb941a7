"""Keras, imported without what TensorFlow's C++ prints on the way.

TensorFlow logs to file descriptor 2 before any of its settings is read; messages that matter
arrive as Python exceptions.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator

__all__ = ["keras", "silent_stderr"]


@contextlib.contextmanager
def silent_stderr() -> Iterator[None]:
    """Nothing that C++ or Python writes to stderr inside is seen."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


with silent_stderr():
    import keras

logging.getLogger("tensorflow").setLevel(logging.ERROR)  # retracing: every network is its own
