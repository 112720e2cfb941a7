"""Whether a TensorFlow-Lite file is one graph that can be read from front to back.

The flatbuffer library follows offsets wherever they point. So counts, indices and sizes are
checked once, here, before anything is made of them; the limits say what no network comes near
that is meant for a small chip.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import tflite

__all__ = ["MOST_BYTES", "MOST_SIDES", "check_graph", "listed"]

MOST_BYTES = 256 << 20
"""Of the file: 60 million numbers in float32, ten times what the chip's flash holds in bytes."""

MOST_OPERATORS, MOST_TENSORS, MOST_READ = 4096, 16_384, 1024
"""In the graph; in the graph; by one operator. Large networks have some hundreds."""

MOST_SIDES = 8
MOST_NUMBERS = 1 << 31
"""In one tensor. With weights that the file holds, no product of a layer's then leaves 64 bits."""

ITEM_BYTES = {
    tflite.TensorType.FLOAT16: 2, tflite.TensorType.FLOAT32: 4, tflite.TensorType.FLOAT64: 8,
    tflite.TensorType.INT8: 1, tflite.TensorType.INT16: 2, tflite.TensorType.INT32: 4,
    tflite.TensorType.INT64: 8, tflite.TensorType.UINT8: 1, tflite.TensorType.UINT16: 2,
    tflite.TensorType.UINT32: 4, tflite.TensorType.UINT64: 8, tflite.TensorType.BOOL: 1,
}  # fmt: skip
"""Of the types whose numbers have bytes of their own."""


def check_graph(model: Any) -> Any:
    """The first subgraph of `model`: its tensors have room, its operators read what is there.

    Raises ValueError that says what is wrong.
    """
    graph = model.Subgraphs(0)
    tensors, operators = graph.TensorsLength(), graph.OperatorsLength()
    _expect(tensors <= MOST_TENSORS, f"it claims {tensors} tensors")
    _expect(operators <= MOST_OPERATORS, f"it claims {operators} operators")
    known = {number for number in range(tensors) if _holds_numbers(model, graph, number)}
    known |= set(_in_range(listed(graph, "Inputs"), tensors))
    for number in range(operators):
        known |= _written(model, graph.Operators(number), known, tensors)
    outputs = listed(graph, "Outputs")
    _expect(bool(outputs) and known.issuperset(outputs), "nothing writes what it gives out")
    return graph


def listed(table: Any, name: str) -> list[int]:
    """The tensors that a graph or operator lists as its "Inputs" or "Outputs"."""
    count = getattr(table, f"{name}Length")()
    _expect(count <= MOST_READ, f"{count} tensors are listed at one place")
    found = getattr(table, f"{name}AsNumpy")()
    return [] if isinstance(found, int) else [int(number) for number in found]


def _written(model: Any, operator: Any, known: set[int], tensors: int) -> set[int]:
    """What `operator` writes; it must read only what is known, and write only what is not."""
    code, codes = operator.OpcodeIndex(), model.OperatorCodesLength()
    _expect(code < codes, f"an operator is number {code} of {codes} kinds")
    read = _in_range((n for n in listed(operator, "Inputs") if n != -1), tensors)
    written = _in_range(listed(operator, "Outputs"), tensors)
    unknown = [number for number in read if number not in known]
    _expect(not unknown, f"an operator reads tensor {unknown[:1]}, which nothing wrote before")
    again = [number for number in written if number in known]
    _expect(bool(written) and not again, f"an operator writes {again[:1] or 'nothing'}")
    return set(written)


def _in_range(numbers: Iterable[int], count: int) -> list[int]:
    found = list(numbers)
    strange = [number for number in found if not 0 <= number < count]
    _expect(not strange, f"tensor {strange[:1]} is listed, there are {count}")
    return found


def _holds_numbers(model: Any, graph: Any, number: int) -> bool:
    """Whether the file itself holds what is in tensor `number`, or its operators keep it.

    Raises ValueError where its sides, or its numbers, make no sense.
    """
    tensor = graph.Tensors(number)
    _expect(tensor.ShapeLength() <= MOST_SIDES, f"tensor {number} has {tensor.ShapeLength()} sides")
    sides = [] if tensor.ShapeIsNone() else tensor.ShapeAsNumpy().tolist()
    count = math.prod(sides)
    _expect(all(side >= 0 for side in sides), f"tensor {number} has sides {sides}")
    _expect(count <= MOST_NUMBERS, f"tensor {number} has {count:,} numbers")
    buffer, buffers = tensor.Buffer(), model.BuffersLength()
    _expect(buffer < buffers, f"tensor {number} lies in buffer {buffer} of {buffers}")
    size = model.Buffers(buffer).DataLength()
    if not size:
        return not count or bool(tensor.IsVariable())
    item = ITEM_BYTES.get(tensor.Type())
    if item and tensor.Sparsity() is None:
        _expect(size == count * item, f"tensor {number} has {size} bytes for {sides} numbers")
    return True


def _expect(truth: bool, problem: str) -> None:
    if not truth:
        raise ValueError(problem)
