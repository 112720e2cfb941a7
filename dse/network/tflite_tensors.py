"""Tensors and options of a TensorFlow-Lite file, as plain numbers."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import tflite

from dse.errors import InvalidFile
from dse.files import printable
from dse.network.graph import Shape
from dse.network.tflite_checks import check_graph

__all__ = ["TfliteTensors", "options_of"]

MOST_NAME_BYTES = 1 << 20
"""Of all tensors that layers write."""

MOST_CONSTANTS = 64
"""Numbers of a tensor that says how an operation works: axes, sides, paddings."""


class TfliteTensors:
    """What the first subgraph of `model` says of its tensors. `path` is for messages.

    Raises InvalidFile where there is none, ValueError where it is no graph that can be read.
    """

    def __init__(self, path: str, model: Any) -> None:
        if model.SubgraphsLength() == 0:
            raise InvalidFile(path, "holds no graph")
        self.path = path
        self.model = model
        self.subgraph = check_graph(model)
        self.sides: dict[int, list[int]] = {}
        self.names: Counter[str] = Counter()
        self.name_bytes = 0

    def name(self, tensor: int) -> str:
        """The tensor's own name, its first part where converters joined several; unique, and
        fit to be printed."""
        raw = self.subgraph.Tensors(tensor).Name() or b""
        self.name_bytes += len(raw)
        if self.name_bytes > MOST_NAME_BYTES:
            raise ValueError(f"its names have over {MOST_NAME_BYTES} bytes")
        first = raw.decode("utf-8", "replace").split(";")[0]
        name = printable(first) or f"tensor_{tensor}"
        self.names[name] += 1
        return name if self.names[name] == 1 else f"{name}#{self.names[name]}"

    def dimensions(self, tensor: int) -> list[int]:
        """Its sides, the number of pictures first."""
        if tensor not in self.sides:
            shape = self.subgraph.Tensors(tensor).ShapeAsNumpy()
            self.sides[tensor] = [] if isinstance(shape, int) else shape.tolist()
        return self.sides[tensor]

    def shape(self, tensor: int) -> Shape:
        """(height, width, channels) of one picture's tensor."""
        dimensions = self.dimensions(tensor)
        if dimensions and dimensions[0] != 1 and len(dimensions) == 4:
            hint = "export it for one picture: input shape (1, height, width, channels)"
            raise InvalidFile(self.path, f"takes {dimensions[0]} pictures at once", hint=hint)
        sides = [1, 1, 1, *dimensions[1:]]
        return (math.prod(sides[:-2]), sides[-2], sides[-1])

    def constant(self, tensor: int, kind: str = "<i4") -> np.ndarray[Any, Any]:
        """The numbers that the file holds for `tensor`."""
        entry = self.subgraph.Tensors(tensor)
        data = self.model.Buffers(entry.Buffer()).DataAsNumpy()
        if isinstance(data, int):
            raise ValueError(f"tensor {tensor} holds no data")
        if kind == "<i4" and entry.Type() == tflite.TensorType.INT64:
            kind = "<i8"
        found: np.ndarray[Any, Any] = np.frombuffer(data, kind)
        if len(found) > MOST_CONSTANTS:
            raise ValueError(f"tensor {tensor} holds {len(found)} numbers where few are meant")
        return found


def options_of(operator: Any, kind: str) -> Any:
    """The options table of `operator`, read as `kind`."""
    table = operator.BuiltinOptions()
    if table is None or operator.BuiltinOptionsType() != getattr(tflite.BuiltinOptions, kind):
        raise ValueError(f"an operator has no {kind}")
    options = getattr(tflite, kind)()
    options.Init(table.Bytes, table.Pos)
    return options
