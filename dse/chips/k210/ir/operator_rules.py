"""What nncase 1.9 imports each TensorFlow-Lite operator as. See `importing`.

Here: windows, products and operations of two tensors. Source: v1.9.0,
src/importer/tflite/ops/{conv2d, pool2d, resize_image, binary, matmul, softmax}.cpp.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from dse.chips.k210.ir.function_rules import FUNCTION_RULES
from dse.chips.k210.ir.importing import TO_NCHW, TO_NHWC, Importer, ImportRule, clamp_of
from dse.chips.k210.ir.moving_rules import MOVING_RULES
from dse.chips.k210.ir.net import Node
from dse.chips.k210.ir.operands import numbers, operand, shape_of
from dse.chips.k210.ir.shapes import windows
from dse.network.operators import Operator

__all__ = ["RULES"]

SAME = 0
"""TensorFlow-Lite's number of this padding."""


def _window(size: int, kernel: int, stride: int, dilation: int, same: bool) -> tuple[int, int]:
    """`get_windowed_padding`: before and after."""
    effective = (kernel - 1) * dilation + 1
    if not same:
        return 0, 0
    out = -(-size // stride)
    total = max(0, (out - 1) * stride + effective - size)
    return total // 2, total - total // 2


def _sides(node: Node, operator: Operator, kernel: tuple[int, int]) -> dict[str, Any]:
    """Padding, stride and dilation of windows of size `kernel` on the map `node`."""
    options = operator.options
    strides = (options["StrideH"], options["StrideW"])
    dilation = (options.get("DilationHFactor", 1), options.get("DilationWFactor", 1))
    same = options["Padding"] == SAME
    padding = [
        _window(size, side, stride, step, same)
        for size, side, stride, step in zip(node.shape[2:], kernel, strides, dilation, strict=True)
    ]
    return {"padding": padding, "stride": strides, "dilation": dilation}


def _convolution(importer: Importer, operator: Operator, depthwise: bool) -> None:
    filters, height, width, channels = operand(operator, 1).sides
    source = importer.transpose(importer.node(operand(operator, 0)), TO_NCHW)
    kernel = (height, width)
    sides = _sides(source, operator, kernel)
    groups = 1
    if depthwise:
        filters, channels = channels, 1
        groups = 1 if source.shape[1] == 1 else filters
    weights = importer.constant((filters, channels, height, width))
    bias = importer.node(operand(operator, 2))
    shape = (source.shape[0], filters, *windows(source.shape[2:], kernel, sides))
    node = importer.add(
        "conv", [source, weights, bias], shape, kernel=kernel, groups=groups,
        clamp=clamp_of(operator), **sides,
    )  # fmt: skip
    importer.write(operator, importer.transpose(node, TO_NHWC))


def _pool(importer: Importer, operator: Operator, kind: str) -> None:
    source = importer.transpose(importer.node(operand(operator, 0)), TO_NCHW)
    kernel = (operator.options["FilterHeight"], operator.options["FilterWidth"])
    sides = _sides(source, operator, kernel)
    shape = (*source.shape[:2], *windows(source.shape[2:], kernel, sides))
    padding = sides.pop("padding")
    node = importer.add(
        "pool", [source], shape, kind=kind, kernel=kernel, padding_h=padding[0],
        padding_w=padding[1], clamp=clamp_of(operator), **sides,
    )  # fmt: skip
    importer.write(operator, importer.transpose(node, TO_NHWC))


def _resize(importer: Importer, operator: Operator, kind: str) -> None:
    source = importer.transpose(importer.node(operand(operator, 0)), TO_NCHW)
    shape = (*source.shape[:2], *numbers(operator, 1))
    node = importer.add("resize", [source], shape, kind=kind, **operator.options)
    importer.write(operator, importer.transpose(node, TO_NHWC))


def _binary(importer: Importer, operator: Operator, kind: str) -> None:
    one, other = (importer.node(operand(operator, index)) for index in (0, 1))
    importer.write(operator, importer.binary(kind, one, other, clamp_of(operator)))


def _dense(importer: Importer, operator: Operator) -> None:
    out, width = operand(operator, 1).sides
    node = importer.node(operand(operator, 0))
    flat = importer.reshape(node, (math.prod(node.shape) // width, width))
    weights = importer.constant((width, out))
    given = len(operator.inputs) > 2 and operator.inputs[2] is not None
    bias = importer.node(operand(operator, 2)) if given else importer.constant((out,), 0.0)
    node = importer.add(
        "matmul", [flat, weights, bias], (flat.shape[0], out), clamp=clamp_of(operator)
    )
    importer.write(operator, importer.reshape(node, shape_of(operator.outputs[0])))


BINARIES = {
    "ADD": "add", "SUB": "sub", "MUL": "mul", "DIV": "div", "MAXIMUM": "max", "MINIMUM": "min",
    "POW": "pow",
}  # fmt: skip

RULES: dict[str, ImportRule] = {
    **FUNCTION_RULES,
    **MOVING_RULES,
    **{kind: partial(_binary, kind=name) for kind, name in BINARIES.items()},
    "CONV_2D": partial(_convolution, depthwise=False),
    "DEPTHWISE_CONV_2D": partial(_convolution, depthwise=True),
    "MAX_POOL_2D": partial(_pool, kind="max"),
    "AVERAGE_POOL_2D": partial(_pool, kind="mean"),
    "RESIZE_BILINEAR": partial(_resize, kind="upsample"),
    "RESIZE_NEAREST_NEIGHBOR": partial(_resize, kind="upsample_nearest"),
    "FULLY_CONNECTED": _dense,
}
"""By TensorFlow Lite's names."""
