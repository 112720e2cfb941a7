"""Files of networks as people have them: TensorFlow-Lite, Keras, ONNX; one door for all.

A Keras file is converted in a process of its own, which takes TensorFlow and half a minute.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dse.errors import FileError, InvalidFile
from dse.files import printable, read_bytes
from dse.network.graph import Graph

__all__ = ["NETWORK_SUFFIXES", "NetworkFile", "is_network_file", "read_network"]


@dataclass(frozen=True)
class NetworkFile:
    """A network out of a file.

    kind: of `content`, "tflite" or "onnx", for a compiler. notes: what was changed on the way, a
    sentence each.
    """

    graph: Graph
    content: bytes
    kind: str = "tflite"
    notes: tuple[str, ...] = ()


def is_network_file(name: str) -> bool:
    """By its ending, in capitals or not."""
    return Path(name).suffix.lower() in _READERS


def read_network(path: Path) -> NetworkFile:
    """The network in a file of a kind of `NETWORK_SUFFIXES`.

    Raises InvalidFile where it is missing, damaged, or holds what cannot be converted, and
    NotSupported where the package that reads it is not installed.
    """
    return _READERS[path.suffix.lower()](path)


def _tflite(path: Path) -> NetworkFile:
    from dse.network.tflite_checks import MOST_BYTES
    from dse.network.tflite_graph import parse_tflite

    content = _content(path, MOST_BYTES)
    return NetworkFile(parse_tflite(content, path), content)


def _keras(path: Path) -> NetworkFile:
    from dse.network.keras_files import converted
    from dse.network.tflite_graph import parse_tflite

    content, notes = converted(path)
    return NetworkFile(parse_tflite(content, path), content, notes=notes)


def _onnx(path: Path) -> NetworkFile:
    from dse.network.onnx_files import prepared
    from dse.network.onnx_graph import parse_onnx

    content = prepared(path)
    return NetworkFile(parse_onnx(content, path), content, kind="onnx")


def _content(path: Path, most_bytes: int) -> bytes:
    try:
        return read_bytes(path, most_bytes)
    except FileError as error:
        name = printable(path)
        why = str(error).removeprefix(name).lstrip(": ")
        raise InvalidFile(name, why, hint=error.hint) from None


_READERS: dict[str, Callable[[Path], NetworkFile]] = {
    ".tflite": _tflite,
    ".h5": _keras,
    ".keras": _keras,
    ".onnx": _onnx,
}
NETWORK_SUFFIXES = tuple(_READERS)
"""Endings of the files that `read_network` takes."""
