"""What nncase 1.9 imports pads, slices, joins and reshapes as. See `importing`.

Source: v1.9.0, src/importer/tflite/ops/{pad, concat, slice, split, reshape, transpose, shape}.cpp.
"""

from __future__ import annotations

from dse.chips.k210.ir.importing import Importer, ImportRule
from dse.chips.k210.ir.net import Node
from dse.chips.k210.ir.operands import numbers, operand, shape_of
from dse.network.operators import Operator

__all__ = ["MOVING_RULES"]


def _pad(importer: Importer, operator: Operator, mode: str = "constant") -> None:
    node = importer.node(operand(operator, 0))
    amounts = numbers(operator, 1)
    padding = tuple(zip(amounts[::2], amounts[1::2], strict=True))
    value = 0.0
    if operator.kind == "PADV2":
        constant = operand(operator, 2).constant
        value = constant.values[0] if constant and constant.values else 0.0
    if operator.kind == "MIRROR_PAD":
        mode = ("reflect", "symmetric")[operator.options["Mode"]]
    shape = [a + s + b for s, (a, b) in zip(node.shape, padding, strict=True)]
    importer.write(
        operator, importer.add("pad", [node], shape, padding=padding, mode=mode, value=value)
    )


def _concatenation(importer: Importer, operator: Operator) -> None:
    nodes = [importer.node(tensor) for tensor in operator.inputs if tensor is not None]
    axis = operator.options["Axis"] % len(nodes[0].shape)
    importer.write(operator, _joined(importer, nodes, axis))


def _joined(importer: Importer, nodes: list[Node], axis: int) -> Node:
    shape = list(nodes[0].shape)
    shape[axis] = sum(node.shape[axis] for node in nodes)
    return importer.add("concat", nodes, shape, axis=axis)


def _shape(importer: Importer, operator: Operator) -> None:
    importer.write(operator, importer.constant((len(shape_of(operand(operator, 0))),)))


def _pack(importer: Importer, operator: Operator) -> None:
    axis, nodes = operator.options["Axis"], []
    for tensor in operator.inputs:
        assert tensor is not None
        node = importer.node(tensor)
        at = axis % (len(node.shape) + 1)
        nodes.append(importer.reshape(node, (*node.shape[:at], 1, *node.shape[at:])))
    joined = _joined(importer, nodes, axis % len(nodes[0].shape))
    importer.write(operator, importer.reshape(joined, shape_of(operator.outputs[0])))


def _sliced(importer: Importer, node: Node, begin: list[int], end: list[int]) -> Node:
    shape = [b - a for a, b in zip(begin, end, strict=True)]
    return importer.add(
        "slice", [node], shape, begin=tuple(begin), end=tuple(end), strides=(1,) * len(shape)
    )


def _slice(importer: Importer, operator: Operator) -> None:
    node, begin, size = importer.node(operand(operator, 0)), *(numbers(operator, n) for n in (1, 2))
    end = [
        whole if many == -1 else first + many
        for first, many, whole in zip(begin, size, node.shape, strict=True)
    ]
    importer.write(operator, _sliced(importer, node, begin, end))


def _split(importer: Importer, operator: Operator) -> None:
    node = importer.node(operand(operator, 1))
    axis = numbers(operator, 0)[0] % len(node.shape)
    begin, end = [0] * len(node.shape), list(node.shape)
    end[axis] = 0
    for tensor in operator.outputs:
        end[axis] += node.shape[axis] // len(operator.outputs)
        importer.nodes[tensor.number] = _sliced(importer, node, begin, end)
        begin = [*begin[:axis], end[axis], *begin[axis + 1 :]]
        end = list(end)


def _strided_slice(importer: Importer, operator: Operator) -> None:
    node = importer.node(operand(operator, 0))
    begin, end, strides = (numbers(operator, index) for index in (1, 2, 3))
    options, shape = operator.options, []
    for axis, (whole, stride) in enumerate(zip(node.shape, strides, strict=True)):
        bit = 1 << axis
        first = 0 if options["BeginMask"] & bit else begin[axis]
        begin[axis] = first if first >= 0 else whole + first
        if options["EndMask"] & bit:
            end[axis] = whole if stride > 0 else -1
        elif options["ShrinkAxisMask"] & bit:
            end[axis] = begin[axis] + 1
        elif end[axis] < 0:
            end[axis] += whole + 1
        shape.append(max(0, -(-(end[axis] - begin[axis]) // stride)))
    sliced = importer.add(
        "slice", [node], shape, begin=tuple(begin), end=tuple(end), strides=tuple(strides)
    )
    importer.write(operator, importer.reshape(sliced, shape_of(operator.outputs[0])))


def _reshape(importer: Importer, operator: Operator) -> None:
    node = importer.node(operand(operator, 0))
    importer.write(operator, importer.reshape(node, shape_of(operator.outputs[0])))


def _transpose(importer: Importer, operator: Operator) -> None:
    node = importer.node(operand(operator, 0))
    importer.write(operator, importer.transpose(node, numbers(operator, 1)))


MOVING_RULES: dict[str, ImportRule] = {
    "RESHAPE": _reshape,
    "SQUEEZE": _reshape,
    "EXPAND_DIMS": _reshape,
    "TRANSPOSE": _transpose,
    "PAD": _pad,
    "PADV2": _pad,
    "MIRROR_PAD": _pad,
    "CONCATENATION": _concatenation,
    "PACK": _pack,
    "SHAPE": _shape,
    "SLICE": _slice,
    "SPLIT": _split,
    "STRIDED_SLICE": _strided_slice,
}
"""By TensorFlow Lite's names."""
