"""A Keras file (.h5, .keras) as a TensorFlow-Lite file, converted in a process of its own.

Whoever made the file may have meant harm: it is loaded in Keras' safe mode, which runs no code out
of it, and with the limits of all foreign files around the process.
"""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path

from dse import processes
from dse.errors import FileError, InvalidFile
from dse.files import open_regular, printable, read_bytes, temporary_folder
from dse.network.tflite_checks import MOST_BYTES

__all__ = ["converted"]

TIME_LIMIT_S = 300.0
"""TensorFlow starts in 4 s, on a loaded machine in 30; a large network converts in 60."""

MODULE = "dse.network.keras_conversion"
MOST_NOTES_BYTES = 1 << 16


def converted(path: Path) -> tuple[bytes, tuple[str, ...]]:
    """The content of the TensorFlow-Lite file, float32 and for one picture; and what was changed.

    Raises InvalidFile where `path` is missing, or no network that Keras loads and converts.
    """
    name = printable(path)
    try:
        with open_regular(path, MOST_BYTES) as file:
            told = os.fstat(file.fileno())
    except FileError as error:
        why = str(error).removeprefix(name).lstrip(": ")
        raise InvalidFile(name, why, hint=error.hint) from None
    return _converted(path.resolve(), told.st_mtime_ns, told.st_size)


@functools.lru_cache(maxsize=4)
def _converted(path: Path, changed_ns: int, size: int) -> tuple[bytes, tuple[str, ...]]:
    """The same of a file as it was then: its price and its compilation share the conversion."""
    with temporary_folder("dse-keras-") as folder:
        command = processes.module_command(MODULE, str(path), str(folder))
        code, said, death = processes.run(
            command, TIME_LIMIT_S, memory_limit_bytes=2 * processes.MEMORY_LIMIT_BYTES
        )
        if code != 0:
            how = "took too long" if code is None else death
            raise InvalidFile(
                printable(path),
                f"Keras cannot convert it: {_reason(said) or how}",
                hint="export it to TensorFlow-Lite where it was made, with a fixed input size",
            )
        notes = json.loads(read_bytes(folder / "notes.json", MOST_NOTES_BYTES))
        return read_bytes(folder / "model.tflite", MOST_BYTES), tuple(map(str, notes))


def _reason(said: str) -> str:
    """What Keras complains of, without where in its code."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if "Error" in line.split(":")[0]]
    return printable(errors[-1] if errors else processes.last_lines(said, 1))[:300]
