"""What a person can ask the price of: a candidate, a training, a network's file, a chip's own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dse.chips.account import Account
from dse.chips.advice import Advice
from dse.chips.chip import Chip
from dse.chips.cost import Cost
from dse.chips.target import Target
from dse.errors import DseError, UsageError
from dse.network.detector import detector_graph
from dse.network.graph import Graph
from dse.network.network_files import (
    NETWORK_SUFFIXES,
    NetworkFile,
    is_network_file,
    read_network,
)
from dse.space import Candidate

__all__ = ["OwnFile", "Subject", "find", "opened", "resolve"]


@dataclass(frozen=True)
class Subject:
    """A network and the format it would be deployed in; `candidate` is None for a `file`."""

    name: str
    graph: Graph
    format: str
    candidate: Candidate | None = None
    file: NetworkFile | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What was changed to read it, a sentence each."""
        return () if self.file is None else self.file.notes

    def cost(self, on: Chip, target: Target) -> Cost:
        """On the chip `on` of `target`."""
        return on.price(self.graph, self.format, target)

    def account(self, on: Chip, target: Target) -> Account:
        """The same layer by layer."""
        return on.account(self.graph, self.format, target)

    def advice(
        self, on: Chip, cost: Cost, target: Target, *, brief: bool = False
    ) -> Sequence[Advice]:
        """What to change in it, having that cost. See `Chip.advice`."""
        return on.advice(self.graph, cost, target, brief=brief)


@dataclass(frozen=True)
class OwnFile:
    """A file that a chip runs as it is: the chip itself says what it costs."""

    name: str
    path: Path
    candidate: None = None
    notes: tuple[str, ...] = ()

    def cost(self, on: Chip, target: Target) -> Cost:
        """On the chip `on` of `target`. Raises as `Chip.price_file`."""
        return on.price_file(self.path, target)

    def account(self, on: Chip, target: Target) -> Account:
        """The same operation by operation."""
        return on.account_file(self.path, target)

    def advice(
        self, on: Chip, cost: Cost, target: Target, *, brief: bool = False
    ) -> Sequence[Advice]:
        """None: it is made already."""
        return ()


def find(name: str, on: Chip, classes: int = 1) -> Subject | OwnFile:
    """What `name` means where `on` is the chip: one of its own files, or as of `resolve`."""
    if _is_own(Path(name), on):
        files = on.files_in(Path(name))
        if len(files) > 1:
            raise UsageError(f"'{name}' holds {len(files)} files", f"name one: {', '.join(files)}")
        return OwnFile(name, Path(files[0]))
    return resolve(name, on.format, on.priced_suffixes, classes)


def _is_own(path: Path, on: Chip) -> bool:
    """A file that the chip runs, or one in a package of such files."""
    packages = (one for one in path.parents if one.suffix.lower() in on.priced_suffixes)
    return path.suffix.lower() in on.priced_suffixes or any(map(os.path.isfile, packages))


def opened(names: Sequence[str], on: Chip) -> Iterator[str]:
    """`names`, with the files in a package of the chip `on` in its place; one that cannot be opened
    stays, as `find` says why."""
    for name in names:
        files = [name]
        if Path(name).suffix.lower() in on.priced_suffixes:
            with contextlib.suppress(DseError):
                files = list(on.files_in(Path(name)))
        yield from files


def resolve(name: str, format: str, others: tuple[str, ...] = (), classes: int = 1) -> Subject:
    """The network that `name` means: a candidate id, or, in `format`, a training id or a file's
    path.

    others: suffixes of files that would do, too. classes: that a candidate tells apart.
    Raises UsageError, and as `read_network`.
    """
    if is_network_file(name):
        file = read_network(Path(name))
        return Subject(name, file.graph, format, file=file)
    if os.path.isfile(name):  # (unlike Path's, it takes names that no file can have)
        told = ", ".join((*NETWORK_SUFFIXES, *others))
        raise UsageError(
            f"'{name}' is of no kind that can be read here: {told}",
            "export the network to TensorFlow-Lite",
        )
    candidate = Candidate.parse(name, format)
    graph = detector_graph(candidate.training, classes=classes)
    return Subject(candidate.id, graph, candidate.format, candidate)
