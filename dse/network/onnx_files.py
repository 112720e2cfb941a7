"""An ONNX file, read with the package of its own makers, which is an extra of ours."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from dse import processes
from dse.errors import FileError, InvalidFile, NotSupported
from dse.files import open_regular, printable, read_bytes, temporary_folder
from dse.network.tflite_checks import MOST_BYTES

__all__ = ["prepared"]

TIME_LIMIT_S = 60.0
MODULE = "dse.network.onnx_preparation"


def prepared(path: Path) -> bytes:
    """The file with the shapes of all tensors in it, for one picture.

    Raises InvalidFile where it is missing, damaged, or of open sizes; NotSupported where the
    package onnx is not installed.
    """
    name = printable(path)
    try:
        open_regular(path, MOST_BYTES).close()
    except FileError as error:
        why = str(error).removeprefix(name).lstrip(": ")
        raise InvalidFile(name, why, hint=error.hint) from None
    if importlib.util.find_spec("onnx") is None:
        raise NotSupported(
            "reading an ONNX file takes the package onnx, which is not installed",
            "python3 -m pip install 'dse[onnx]', or export the network to TensorFlow-Lite",
        )
    with temporary_folder("dse-onnx-") as folder:
        target = folder / "model.onnx"
        command = processes.module_command(MODULE, str(path.resolve()), str(target))
        code, said, death = processes.run(
            command, TIME_LIMIT_S, memory_limit_bytes=processes.MEMORY_LIMIT_BYTES
        )
        if code != 0 or not target.is_file():
            why = processes.last_lines(said, 1) if code else ("took too long", death)[code == 0]
            raise InvalidFile(
                name, f"cannot be read: {printable(why)[:300]}",
                hint="export it again, with fixed sizes: torch.onnx.export(..., dynamic_axes=None)",
            )  # fmt: skip
        return read_bytes(target, MOST_BYTES)
