"""Where a compiled file and its network part: the first layer whose map is no longer the same.

The network is cut off behind a layer, compiled and run again: up to the layer looked for, what is
left still computes what it should. Halving the rest each time, a network of a hundred layers takes
seven or eight such cuts, whatever operations it consists of.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import tflite as schema

from dse.files import printable
from dse.network.tflite_checks import check_graph, listed

__all__ = ["Operators", "first_wrong"]

MOST_CUTS = 16
"""Some networks have branches to look into; each cut takes the compiler about a second."""

OUTPUTS_FIELD = 8
"""Of the table SubGraph: `outputs`, its third field (TensorFlow's schema.fbs, version 3)."""


@dataclass(frozen=True)
class Operators:
    """What each operator of a TensorFlow-Lite file reads and writes. Raises as `check_graph`."""

    content: bytes

    @cached_property
    def _graph(self) -> Any:
        return check_graph(schema.Model.GetRootAsModel(self.content, 0))

    @cached_property
    def sources(self) -> dict[int, tuple[int, ...]]:
        """Computed tensor -> the computed tensors that its operator reads, in the file's order."""
        found: dict[int, tuple[int, ...]] = {}
        for index in range(self._graph.OperatorsLength()):
            operator = self._graph.Operators(index)
            read = tuple(one for one in listed(operator, "Inputs") if one in found)
            for tensor in listed(operator, "Outputs"):
                found[tensor] = read
        return found

    @cached_property
    def outputs(self) -> tuple[int, ...]:
        """Tensors that the network gives out."""
        return tuple(listed(self._graph, "Outputs"))

    def before(self, tensor: int) -> list[int]:
        """The computed tensors that `tensor` is made of, and itself last, in the file's order."""
        wanted = {tensor}
        for one in reversed(self.sources):
            if one in wanted:
                wanted.update(self.sources[one])
        return [one for one in self.sources if one in wanted]

    def name(self, tensor: int) -> str:
        """The layer that writes `tensor`, as `dse explain` calls it."""
        raw = self._graph.Tensors(tensor).Name() or b""
        return printable(raw.decode("utf-8", "replace").split(";")[0]) or f"tensor_{tensor}"

    def is_float(self, tensor: int) -> bool:
        """Its numbers are float32."""
        return bool(self._graph.Tensors(tensor).Type() == schema.TensorType.FLOAT32)

    def cut_behind(self, tensor: int) -> bytes:
        """The file with `tensor` as its only output; operators behind it compute for nobody."""
        table = self._graph._tab  # noqa: SLF001
        start = table.Vector(table.Offset(OUTPUTS_FIELD))
        shorter = bytearray(self.content)
        struct.pack_into("<Ii", shorter, start - 4, 1, tensor)
        return bytes(shorter)


def first_wrong(operators: Operators, output: int, is_right: Callable[[int], bool | None]) -> int:
    """The tensor from which on `output`, which is wrong, is wrong.

    is_right: whether the network, cut off behind a tensor, computes it; None where that cannot
    be told. Asked `MOST_CUTS` times at most.
    """
    asked: dict[int, bool | None] = {output: False}

    def right(tensor: int) -> bool | None:
        if tensor not in asked and len(asked) <= MOST_CUTS:
            asked[tensor] = is_right(tensor)
        return asked.get(tensor)

    wrong = output
    while True:
        found = _by_halves(operators.before(wrong), right)
        earlier = [one for one in operators.sources[found] if right(one) is False]
        if not earlier:
            return found
        wrong = earlier[0]


def _by_halves(tensors: Sequence[int], right: Callable[[int], bool | None]) -> int:
    """One of `tensors`, of which the last is wrong, that is wrong behind one that is right."""
    waiting = list(tensors[:-1])
    wrong = tensors[-1]
    while waiting:
        middle = len(waiting) // 2
        told = right(waiting[middle])
        if told is None:
            del waiting[middle]
        elif told:
            waiting = waiting[middle + 1 :]
        else:
            wrong, waiting = waiting[middle], waiting[:middle]
    return wrong
