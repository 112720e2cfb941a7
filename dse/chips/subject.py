"""What a person can ask the price of: a candidate, a training, a `.tflite` file, a chip's own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from dse.chips.account import Account
from dse.chips.chip import Chip
from dse.chips.cost import Cost
from dse.chips.target import Target
from dse.errors import UsageError
from dse.network.detector import detector_graph
from dse.network.graph import Graph
from dse.space import Candidate

__all__ = ["OwnFile", "Subject", "find", "resolve"]


@dataclass(frozen=True)
class Subject:
    """A network and the format it would be deployed in; `candidate` is None for a file."""

    name: str
    graph: Graph
    format: str
    candidate: Candidate | None = None

    def cost(self, on: Chip, target: Target) -> Cost:
        """On the chip `on` of `target`."""
        return on.price(self.graph, self.format, target)

    def account(self, on: Chip, target: Target) -> Account:
        """The same layer by layer."""
        return on.account(self.graph, self.format, target)


@dataclass(frozen=True)
class OwnFile:
    """A file that a chip runs as it is: the chip itself says what it costs."""

    name: str
    path: Path
    candidate: None = None

    def cost(self, on: Chip, target: Target) -> Cost:
        """On the chip `on` of `target`. Raises as `Chip.price_file`."""
        return on.price_file(self.path, target)

    def account(self, on: Chip, target: Target) -> Account:
        """The same operation by operation."""
        return on.account_file(self.path, target)


def find(name: str, on: Chip, classes: int = 1) -> Subject | OwnFile:
    """What `name` means where `on` is the chip: one of its own files, or as of `resolve`."""
    if Path(name).suffix in on.priced_suffixes:
        return OwnFile(name, Path(name))
    return resolve(name, on.format, on.priced_suffixes, classes)


def resolve(name: str, format: str, others: tuple[str, ...] = (), classes: int = 1) -> Subject:
    """The network that `name` means: a candidate id, or, in `format`, a training id or a file's
    path.

    others: suffixes of files that would do, too. classes: that a candidate tells apart.
    Raises UsageError, or InvalidFile for a file that is no TensorFlow-Lite model.
    """
    if Path(name).suffix == ".tflite":
        from dse.network.tflite_graph import read_tflite

        return Subject(name, read_tflite(name), format)
    if os.path.isfile(name):  # (unlike Path's, it takes names that no file can have)
        told = " or ".join((".tflite", *others))
        raise UsageError(f"'{name}' is no {told} file", "export the network to TensorFlow-Lite")
    candidate = Candidate.parse(name, format)
    graph = detector_graph(candidate.training, classes=classes)
    return Subject(candidate.id, graph, candidate.format, candidate)
