"""A fast emulator of kmodels: what the chip computes, bit for bit, on batches of pictures.

It executes the compiled file itself: the CPU's stack machine and the accelerator's layers are
decoded into a short program (`program`), which runs on many pictures at a time. nncase's own
simulator is the referee; it computes one picture in some tenths of a second, pixel by pixel.
Nothing here needs nncase or TensorFlow.

Kmodels of versions 3 and 4 (nncase 0.1 and 0.2) are run, too (`buffered_planning`): the layers of
the accelerator are the same; the CPU's operations are those of the old runtimes, and the
accelerator's memory is emulated byte for byte.
"""

from __future__ import annotations

from dse.chips.k210.emulator.predictor import EmulatedKmodel, predictor
from dse.chips.k210.emulator.program import Program, check_program, read_program

__all__ = [
    "EMULATED_VERSION",
    "EmulatedKmodel",
    "Program",
    "check_program",
    "predictor",
    "read_program",
]

EMULATED_VERSION = "1.9."
"""The nncase whose code is read here, and with whose simulator the emulator was compared."""
