"""Keras, imported without what TensorFlow's C++ prints on the way.

TensorFlow logs to file descriptor 2 before any of its settings is read; messages that matter
arrive as Python exceptions.
"""

from __future__ import annotations

import logging

from dse.terminal import silent_stderr

__all__ = ["keras"]

with silent_stderr():
    import keras

logging.getLogger("tensorflow").setLevel(logging.ERROR)  # retracing: every network is its own
