"""Operators of a TensorFlow-Lite file as nodes, as nncase 1.9 imports them.

Sources: v1.9.0, src/importer/tflite/ops/*.cpp, and pre_process_setting.cpp and
post_process_transform.cpp for what goes around the network. What the importer refuses, and what it
reads wrongly, is a `Refusal`; what it reads and this does not, an unknown operation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dse.chips.cost import Refusal
from dse.chips.k210.ir.net import Net, Node
from dse.chips.k210.ir.operands import shape_of
from dse.chips.k210.ir.refusals import IMPORTED, refusal_of
from dse.chips.k210.ir.shapes import transposed
from dse.network.operators import Operator, Operators, Tensor

__all__ = [
    "FULL", "TO_NCHW", "TO_NHWC", "ImportRule", "Imported", "Importer", "clamp_of",
]  # fmt: skip

TO_NCHW, TO_NHWC = (0, 3, 1, 2), (0, 2, 3, 1)
FULL = (-math.inf, math.inf)
"""A clamp that leaves every number as it is."""

PICTURE = "picture"
"""The range of the pictures, which the caller tells: all of it."""

CLAMPS = {0: FULL, 1: (0.0, math.inf), 2: (-1.0, 1.0), 3: (0.0, 6.0)}
"""By TensorFlow-Lite's number of a fused activation; the importer knows no others."""


@dataclass
class Imported:
    """The nodes; or why there can be none: refusals, and operations without a rule."""

    net: Net
    refusals: list[Refusal] = field(default_factory=list)
    unknown: list[tuple[str, str]] = field(default_factory=list)


class Importer:
    """One pass over the operators; `nodes` says which node writes a tensor."""

    def __init__(self, operators: Operators, interleaved: bool) -> None:
        self.operators, self.interleaved = operators, interleaved
        self.result = Imported(Net())
        self.net = self.result.net
        self.nodes: dict[int, Node] = {}
        self.near: tuple[str, int] = ("", 0)
        self.pictures = all(len(tensor.sides) == 4 for _, tensor in operators.inputs)
        for layer, tensor in operators.inputs:
            self.near = (layer, 0)
            self.nodes[tensor.number] = self.input(tensor)

    def input(self, tensor: Tensor) -> Node:
        """A picture comes as bytes in planes of channels; anything else in float32."""
        if not self.pictures:
            node = self.add("input", [], shape_of(tensor))
            self.net.inputs.append(node)
            return node
        planes = transposed(tensor.sides, TO_NCHW)
        shape = tensor.sides if self.interleaved else planes
        node = self.net.add(self.near, "input", [], shape, 1)
        self.net.inputs.append(node)
        if self.interleaved:
            node = self.net.add(self.near, "transpose", [node], planes, 1, perm=TO_NCHW)
        node = self.add("dequantize", [node], planes)
        node.parameters = PICTURE
        return self.transpose(node, TO_NHWC)

    def read(self, operator: Operator, place: int, rules: Mapping[str, ImportRule]) -> None:
        """Adds the nodes of one operator."""
        self.near = (operator.layer, place)
        refusal = refusal_of(operator)
        if refusal is not None:
            self.result.refusals.append(refusal)
        elif operator.kind not in rules:
            assert operator.kind in IMPORTED
            self.result.unknown.append((operator.layer, operator.kind.lower()))
        elif all(one is None or self.has(one) for one in operator.inputs):
            rules[operator.kind](self, operator)

    def has(self, tensor: Tensor) -> bool:
        """Its node is there: it does not come of an operation that is not."""
        return tensor.number in self.nodes or tensor.constant is not None

    def end(self) -> None:
        """The outputs, maps in the layout that the caller wants."""
        for tensor in self.operators.outputs:
            node = self.node(tensor)
            if len(node.shape) == 4 and not self.interleaved:
                self.near = (node.layer, node.place)
                node = self.transpose(node, TO_NCHW)
            last = self.net.add(node, "output", [node], node.shape, node.item_bytes)
            self.net.outputs.append(last)
        self.net.remove_unread()

    # --- building ---------------------------------------------------------------------------

    def add(self, op: str, inputs: Sequence[Node], shape: Sequence[int], **values: Any) -> Node:
        """A node for the operator that is being read."""
        return self.net.add(self.near, op, inputs, shape, **values)

    def node(self, tensor: Tensor) -> Node:
        """The node that writes `tensor`; a constant where the file holds it."""
        if tensor.number not in self.nodes:
            constant = tensor.constant
            assert constant is not None
            self.nodes[tensor.number] = self.constant(
                shape_of(tensor), constant.uniform, constant.has_negative
            )
        return self.nodes[tensor.number]

    def constant(
        self, shape: Sequence[int], uniform: float | None = None, has_negative: bool = False
    ) -> Node:
        """Numbers that the file holds."""
        return self.add("constant", [], shape, uniform=uniform, has_negative=has_negative)

    def number(self, value: float) -> Node:
        """A constant of one number."""
        return self.constant((1,), value, value < 0)

    def transpose(self, node: Node, perm: Sequence[int]) -> Node:
        """`node` with its axes in the order `perm`."""
        shape = transposed(node.shape, perm)
        return self.add("transpose", [node], shape, perm=tuple(perm))

    def reshape(self, node: Node, shape: Sequence[int]) -> Node:
        """The same numbers as a tensor of `shape`."""
        return self.add("bitcast", [node], shape)

    def binary(self, kind: str, one: Node, other: Node, clamp: tuple[float, float] = FULL) -> Node:
        """`kind` of two tensors, broadcast as numpy does."""
        shape = np.broadcast_shapes(one.shape, other.shape)
        return self.add("binary", [one, other], shape, kind=kind, clamp=clamp)

    def unary(self, kind: str, node: Node) -> Node:
        """`kind` of each number."""
        return self.add("unary", [node], node.shape, kind=kind)

    def write(self, operator: Operator, node: Node) -> None:
        """`node` writes the operator's result. Raises ValueError where that has another shape."""
        told = shape_of(operator.outputs[0])
        if node.shape != told:
            raise ValueError(f"{operator.kind} makes {node.shape} of what it reads, not {told}")
        self.nodes[operator.outputs[0].number] = node


ImportRule = Callable[[Importer, Operator], None]
"""What makes the nodes of an operator."""


def clamp_of(operator: Operator) -> tuple[float, float]:
    """What the operator's fused activation leaves."""
    return CLAMPS[operator.options.get("FusedActivationFunction", 0)]
