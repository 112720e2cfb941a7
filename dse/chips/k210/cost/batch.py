"""Detectors priced many at a time: one lowering for all that come out alike.

`Lockstep` finds out which those are. What remains differs in numbers alone, which the
formulas that price a single network compute for all of them at once, as arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import groupby
from typing import Any, NamedTuple, cast

import numpy as np

from dse.canvas import Canvas
from dse.chips.k210.cost.latency import Duration, program_time
from dse.chips.k210.cost.layer_costs import LayerCost
from dse.chips.k210.cost.memory import MemoryLayout, map_bytes, size_bytes
from dse.chips.k210.cost.price import (
    KPU_FORMAT,
    Figures,
    K210Cost,
    account,
    file_bytes,
    lowered,
    price,
)
from dse.chips.k210.cost.program import Program, Step, Value
from dse.chips.k210.target import K210Target
from dse.chips.lockstep import Lockstep, Whole
from dse.network.detector import Network, detector
from dse.network.graph import Graph
from dse.network.mobilenetv2 import scaled_channels

__all__ = ["price_networks"]

Key = tuple[Network, str]
"""A network in a format."""

ANY = "copy"
"""The operation of what a stack reads, where it does not matter."""


def price_networks(
    networks: Iterable[Network], formats: Iterable[str], target: K210Target
) -> dict[Key, K210Cost]:
    """The cost of every network in every format."""
    for_kpu = [format for format in formats if format == KPU_FORMAT]
    for_cpu = [format for format in formats if format != KPU_FORMAT]
    costs: dict[Key, K210Cost] = {}
    for _, group in groupby(sorted(networks, key=_place), key=lambda network: network.breakpoint):
        costs.update(_priced(list(group), [for_kpu, for_cpu], target))
    return costs


def _place(network: Network) -> tuple[str, float, Canvas]:
    """Puts networks in order: those side by side mostly come out alike."""
    return network.breakpoint, network.width, Canvas.of(network.input_size)


def _priced(
    networks: Sequence[Network], formats: Iterable[Sequence[str]], target: K210Target
) -> Iterator[tuple[Key, K210Cost]]:
    """Costs of `networks`, of one breakpoint. formats: those that lower alike together."""
    lockstep = Lockstep(len(networks))
    for members, graph in lockstep.walks(lockstep.together, lambda: _graph(networks, lockstep)):
        totals = (graph.parameters, graph.macs)
        for alike in filter(None, formats):
            walk = partial(lowered, graph, alike[0], target)
            for walkers, program in lockstep.walks(members, walk):
                places = np.flatnonzero(walkers)
                programs = _Programs.of(program, lockstep, places)
                sums = lockstep.values(totals, places)
                yield from _costs([networks[i] for i in places], programs, sums, alike, target)


def _graph(networks: Sequence[Network], lockstep: Lockstep) -> Graph:
    """The layers of all networks, which are of one breakpoint."""
    widths, place = np.unique([network.width for network in networks], return_inverse=True)

    def scaled(channels: int) -> int:
        return lockstep.number(np.array([scaled_channels(w, channels) for w in widths])[place])

    canvases = [Canvas.of(network.input_size) for network in networks]
    width = lockstep.number([canvas.width for canvas in canvases])
    height = lockstep.number([canvas.height for canvas in canvases])
    channels = lockstep.number([network.channels for network in networks])
    canvas = Canvas(width, height)
    return detector("detectors", networks[0].breakpoint, scaled, canvas, channels)


def _costs(
    networks: Sequence[Network],
    programs: _Programs,
    sums: Whole,
    formats: Sequence[str],
    target: K210Target,
) -> Iterator[tuple[Key, K210Cost]]:
    """Costs of the networks that `programs` stand for. sums: their parameters and MACs."""
    layout, time = MemoryLayout(programs), program_time(programs, target)
    maps, sizes = (np.stack(programs.each(size)).T.tolist() for size in (map_bytes, size_bytes))
    memories = [layout.plan(*both) for both in zip(maps, sizes, strict=True)]
    times = list(map(Duration, *(np.asarray(part).tolist() for part in time)))
    for format in formats:
        if programs.unknown_ops and format == KPU_FORMAT:  # where little is certain: one by one
            yield from (((one, format), price(one.graph, format, target)) for one in networks)
            continue
        files = np.broadcast_to(file_bytes(programs, cast(int, sums[0]), format), len(networks))
        numbers = zip(*sums.tolist(), files.tolist(), memories, times, strict=True)
        for network, figures in zip(networks, map(Figures._make, numbers), strict=True):
            layers = partial(_account, network, format, target)
            yield (network, format), figures.cost(format, target, programs, layers)


def _account(network: Network, format: str, target: K210Target) -> tuple[LayerCost, ...]:
    """Costs of one of the networks layer by layer."""
    return account(network.graph, format, target)


class _Stack(NamedTuple):
    """All steps of one operation: one `Step` whose numbers are arrays, steps x networks."""

    indices: list[int]
    step: Step


@dataclass(frozen=True)
class _Programs(Program):
    """Programs that differ in numbers alone; a formula gives an array over the networks.

    columns: of the steps' height, width, channels, and the other numbers in the order of `Step`;
        each steps x networks.
    """

    columns: tuple[Whole, ...] = ()

    @classmethod
    def of(cls, program: Program, lockstep: Lockstep, places: Whole) -> _Programs:
        """`program`, made of numbers of `lockstep`, for the networks at `places`."""
        rows = ((*s.shape, s.element_bytes, s.kernel, s.input_channels) for s in program.steps)
        columns = tuple(lockstep.values(column, places) for column in zip(*rows, strict=True))
        return cls(
            program.steps, program.outputs, program.range_dependent, program.kmodel_version,
            program.unwritten, columns=columns,
        )  # fmt: skip

    def each(self, formula: Callable[[Program, Step], Value]) -> list[Value]:
        """`formula` of each step, computed for all steps of an operation at once."""
        values: list[Any] = [None] * len(self.steps)
        for stack in self.stacks:
            rows = _rows(formula(self.stacked, stack.step), len(stack.indices))
            for index, row in zip(stack.indices, rows, strict=True):
                values[index] = row
        return values

    @cached_property
    def stacks(self) -> list[_Stack]:
        """The steps by operation, and by whether it reads the picture: a formula may ask that.

        The first input of the n-th is step 2n of `stacked`.
        """
        alike: dict[tuple[str, str], list[int]] = {}
        for index, step in enumerate(self.steps):
            alike.setdefault((step.op, self.source_op(step)), []).append(index)
        return [
            _Stack(indices, self.stack(op, indices, (2 * number,)))
            for number, ((op, _), indices) in enumerate(alike.items())
        ]

    def source_op(self, step: Step) -> str:
        """Says "input" where `step` reads the picture, else an operation of no meaning."""
        reads = step.inputs and self.steps[step.inputs[0]].op == "input"
        return "input" if reads else ANY

    @cached_property
    def stacked(self) -> _Stacked:
        """A program of the stacks, each behind what it reads."""
        steps: list[Step] = []
        for indices, step in self.stacks:
            sources = [next(iter(self.steps[index].inputs), index) for index in indices]
            source_op = self.source_op(self.steps[indices[0]])
            steps += (self.stack(source_op, sources, ()), step)
        return _Stacked(tuple(steps), (), (), self.kmodel_version, self.unwritten, of=self)

    def stack(self, op: str, indices: list[int], inputs: tuple[int, ...]) -> Step:
        """The steps `indices` as one `op`."""
        rows = np.array(indices)
        height, width, channels, *others = (cast(Any, column[rows]) for column in self.columns)
        return Step(op, "", inputs, (height, width, channels), *others)


@dataclass(frozen=True)
class _Stacked(Program):
    """Stacks as steps. of: the programs that hold these, which know where the picture goes."""

    of: Program | None = None

    @cached_property
    def picture_is_uploaded(self) -> bool:
        """See `Program`."""
        return self.of is not None and self.of.picture_is_uploaded


def _rows(value: Any, count: int) -> list[Any]:
    """A value of a stack, or a tuple of them, as the values of its steps."""
    if isinstance(value, tuple):
        columns = (_rows(part, count) for part in value)
        return [type(value)(*row) for row in zip(*columns, strict=True)]
    return list(value) if isinstance(value, np.ndarray) else [value] * count
