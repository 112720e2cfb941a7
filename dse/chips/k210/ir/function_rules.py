"""What nncase 1.9 imports functions of numbers as. See `importing`.

Source: v1.9.0, src/importer/tflite/ops/{activations, unary, logistic, l2_normalization,
log_softmax}.cpp.
"""

from __future__ import annotations

from functools import partial

from dse.chips.k210.ir.importing import Importer, ImportRule
from dse.chips.k210.ir.net import Node
from dse.chips.k210.ir.operands import numbers, operand
from dse.chips.k210.ir.shapes import reduced
from dse.network.operators import Operator

__all__ = ["FUNCTION_RULES"]


def _relu(importer: Importer, operator: Operator) -> None:
    node = importer.node(operand(operator, 0))
    importer.write(operator, importer.binary("max", node, importer.number(0)))


def _relu6(importer: Importer, operator: Operator) -> None:
    node = importer.node(operand(operator, 0))
    importer.write(operator, importer.add("clamp", [node], node.shape, clamp=(0.0, 6.0)))


def _leaky(importer: Importer, operator: Operator) -> None:
    node = importer.node(operand(operator, 0))
    small = importer.binary("mul", node, importer.constant((1,)))
    importer.write(operator, importer.binary("max", node, small))


def _prelu(importer: Importer, operator: Operator) -> None:
    node, slope = (importer.node(operand(operator, index)) for index in (0, 1))
    zero = importer.number(0)
    positive, negative = (importer.binary(kind, node, zero) for kind in ("max", "min"))
    small = importer.binary("mul", negative, slope)
    importer.write(operator, importer.binary("add", positive, small))


def _hard_swish(importer: Importer, operator: Operator) -> None:
    node = importer.node(operand(operator, 0))
    gate = importer.binary("mul", node, importer.number(1 / 6))
    for kind, value in (("add", 0.5), ("min", 1.0), ("max", 0.0)):
        gate = importer.binary(kind, gate, importer.number(value))
    importer.write(operator, importer.binary("mul", node, gate))


def _sigmoid(importer: Importer, operator: Operator) -> None:
    node = importer.node(operand(operator, 0))
    importer.write(operator, importer.add("sigmoid", [node], node.shape))


def _tanh(importer: Importer, operator: Operator) -> None:
    node = importer.node(operand(operator, 0))
    power = importer.unary("exp", importer.binary("mul", node, importer.number(2)))
    one = importer.number(1)
    less, more = (importer.binary(kind, power, one) for kind in ("sub", "add"))
    importer.write(operator, importer.binary("div", less, more))


def _l2_normalization(importer: Importer, operator: Operator) -> None:
    node = importer.node(operand(operator, 0))
    axes = list(range(1, len(node.shape))) or [0]
    total = reduce(importer, importer.unary("square", node), "sum", axes, True)
    least = importer.binary("max", total, importer.number(1e-10))
    importer.write(operator, importer.binary("mul", node, importer.unary("rsqrt", least)))


def _log_softmax(importer: Importer, operator: Operator) -> None:
    node = importer.node(operand(operator, 0))
    axes = [len(node.shape) - 1]
    less = importer.binary("sub", node, reduce(importer, node, "max", axes, True))
    total = reduce(importer, importer.unary("exp", less), "sum", axes, True)
    importer.write(operator, importer.binary("sub", less, importer.unary("log", total)))


def reduce(importer: Importer, node: Node, kind: str, axes: list[int], keep: bool) -> Node:
    """`node` without `axes`, or with one element of each."""
    shape = reduced(node.shape, axes, keep)
    return importer.add("reduce", [node], shape, kind=kind, axes=tuple(axes), keep=keep)


def _reduction(importer: Importer, operator: Operator, kind: str) -> None:
    node = importer.node(operand(operator, 0))
    axes = sorted(axis % len(node.shape) for axis in numbers(operator, 1))
    keep = bool(operator.options.get("KeepDims", False))
    importer.write(operator, reduce(importer, node, kind, axes, keep))


def _softmax(importer: Importer, operator: Operator) -> None:
    node = importer.node(operand(operator, 0))
    axis = len(node.shape) - 1
    importer.write(operator, importer.add("softmax", [node], node.shape, axis=axis))


def _reduce_arg(importer: Importer, operator: Operator) -> None:
    node = importer.node(operand(operator, 0))
    axis = numbers(operator, 1)[0] % len(node.shape)
    shape = [side for at, side in enumerate(node.shape) if at != axis] or [1]
    item = 8 if operator.outputs[0].type == "int64" else 4
    found = importer.net.add(importer.near, "reduce_arg", [node], shape, item, axis=axis)
    importer.write(operator, found)


def _squared_difference(importer: Importer, operator: Operator) -> None:
    one, other = (importer.node(operand(operator, index)) for index in (0, 1))
    importer.write(operator, importer.unary("square", importer.binary("sub", one, other)))


def _unary(importer: Importer, operator: Operator, kind: str) -> None:
    importer.write(operator, importer.unary(kind, importer.node(operand(operator, 0))))


UNARIES = (
    "ABS", "CEIL", "COS", "EXP", "FLOOR", "LOG", "NEG", "ROUND", "RSQRT", "SIN", "SQRT", "SQUARE",
)  # fmt: skip
REDUCTIONS = {"MEAN": "mean", "SUM": "sum", "REDUCE_MAX": "max", "REDUCE_MIN": "min"}

FUNCTION_RULES: dict[str, ImportRule] = {
    **{kind: partial(_unary, kind=kind.lower()) for kind in UNARIES},
    **{kind: partial(_reduction, kind=name) for kind, name in REDUCTIONS.items()},
    "SQUARED_DIFFERENCE": _squared_difference,
    "RELU": _relu,
    "RELU6": _relu6,
    "LEAKY_RELU": _leaky,
    "PRELU": _prelu,
    "HARD_SWISH": _hard_swish,
    "LOGISTIC": _sigmoid,
    "TANH": _tanh,
    "L2_NORMALIZATION": _l2_normalization,
    "LOG_SOFTMAX": _log_softmax,
    "SOFTMAX": _softmax,
    "ARG_MAX": _reduce_arg,
    "ARG_MIN": _reduce_arg,
}
"""By TensorFlow Lite's names."""
