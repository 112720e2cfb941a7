"""What a person can ask the price of: a candidate, a training, or a `.tflite` file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from dse.errors import UsageError
from dse.network.detector import detector_graph
from dse.network.graph import Graph
from dse.space import Candidate, Training

__all__ = ["Subject", "resolve"]


@dataclass(frozen=True)
class Subject:
    """A network and the format it would be deployed in; `candidate` is None for a file."""

    name: str
    graph: Graph
    format: str
    candidate: Candidate | None = None


def resolve(name: str, format: str) -> Subject:
    """The network that `name` means: a candidate id, or, in `format`, a training id or a file's
    path.

    Raises UsageError, or InvalidFile for a file that is no TensorFlow-Lite model.
    """
    if Path(name).suffix == ".tflite":
        from dse.network.tflite_graph import read_tflite

        return Subject(name, read_tflite(name), format)
    if os.path.isfile(name):  # (unlike Path's, it takes names that no file can have)
        raise UsageError(f"'{name}' is no .tflite file", "export the network to TensorFlow-Lite")
    try:
        candidate = Training.parse(name).in_format(format)
    except UsageError:
        candidate = Candidate.parse(name)
    graph = detector_graph(candidate.training)
    return Subject(candidate.id, graph, candidate.format, candidate)
