"""The operators of a TensorFlow-Lite file, with those of their options that cost something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tflite

from dse.network.operators import Constant, Operator, Operators, Tensor
from dse.network.tflite_checks import listed
from dse.network.tflite_names import OP_NAMES
from dse.network.tflite_tensors import MOST_CONSTANTS, TfliteTensors, options_of

__all__ = ["kind_of", "read_operators"]

WINDOW = ("Padding", "StrideH", "StrideW", "FusedActivationFunction")
DILATION = ("DilationHFactor", "DilationWFactor")
ACTIVATED = ("FusedActivationFunction",)
RESIZED = ("AlignCorners", "HalfPixelCenters")
MASKS = ("BeginMask", "EndMask", "EllipsisMask", "NewAxisMask", "ShrinkAxisMask")

OPTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "CONV_2D": ("Conv2DOptions", (*WINDOW, *DILATION)),
    "DEPTHWISE_CONV_2D": ("DepthwiseConv2DOptions", (*WINDOW, *DILATION, "DepthMultiplier")),
    "MAX_POOL_2D": ("Pool2DOptions", (*WINDOW, "FilterHeight", "FilterWidth")),
    "AVERAGE_POOL_2D": ("Pool2DOptions", (*WINDOW, "FilterHeight", "FilterWidth")),
    "ADD": ("AddOptions", ACTIVATED),
    "SUB": ("SubOptions", ACTIVATED),
    "MUL": ("MulOptions", ACTIVATED),
    "DIV": ("DivOptions", ACTIVATED),
    "FULLY_CONNECTED": ("FullyConnectedOptions", ACTIVATED),
    "CONCATENATION": ("ConcatenationOptions", ("Axis", *ACTIVATED)),
    "PACK": ("PackOptions", ("Axis",)),
    "MEAN": ("ReducerOptions", ("KeepDims",)),
    "SUM": ("ReducerOptions", ("KeepDims",)),
    "REDUCE_MAX": ("ReducerOptions", ("KeepDims",)),
    "REDUCE_MIN": ("ReducerOptions", ("KeepDims",)),
    "SOFTMAX": ("SoftmaxOptions", ("Beta",)),
    "RESIZE_BILINEAR": ("ResizeBilinearOptions", RESIZED),
    "RESIZE_NEAREST_NEIGHBOR": ("ResizeNearestNeighborOptions", RESIZED),
    "STRIDED_SLICE": ("StridedSliceOptions", MASKS),
    "MIRROR_PAD": ("MirrorPadOptions", ("Mode",)),
    "BATCH_MATMUL": ("BatchMatMulOptions", ("AdjX", "AdjY")),
    "TRANSPOSE_CONV": ("TransposeConvOptions", ("Padding", "StrideH", "StrideW")),
}

MOST_LOOKED_AT = 1 << 16
"""Numbers of a constant: more are weights, whose values cost nothing."""

DTYPES = {
    code: name.lower() for name, code in vars(tflite.TensorType).items() if isinstance(code, int)
}
NUMPY = {"float32": "<f4", "int32": "<i4", "int64": "<i8"}


def kind_of(model: Any, operator: Any) -> str:
    """What TensorFlow Lite calls the operator, such as "CONV_2D"."""
    code = model.OperatorCodes(operator.OpcodeIndex())
    number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    return str(OP_NAMES.get(number, f"operator_{number}"))


def read_operators(file: TfliteTensors, owner: Mapping[int, str]) -> Operators:
    """All operators of `file`. owner: the layer that writes a tensor."""
    graph = file.subgraph
    reader = _Tensors(file, owner)
    operators = (graph.Operators(index) for index in range(graph.OperatorsLength()))
    inputs, outputs = listed(graph, "Inputs"), listed(graph, "Outputs")
    return Operators(
        tuple(reader.operator(one) for one in operators),
        tuple((owner[number], reader.tensor(number)) for number in inputs),
        tuple(reader.tensor(number) for number in outputs),
    )


class _Tensors:
    def __init__(self, file: TfliteTensors, owner: Mapping[int, str]) -> None:
        self.file, self.owner = file, owner
        self.known: dict[int, Tensor] = {}

    def operator(self, operator: Any) -> Operator:
        kind = kind_of(self.file.model, operator)
        read, written = listed(operator, "Inputs"), listed(operator, "Outputs")
        return Operator(
            kind,
            self.owner.get(written[0], ""),
            tuple(self.tensor(number) if number >= 0 else None for number in read),
            tuple(self.tensor(number) for number in written),
            _options(operator, kind),
        )

    def tensor(self, number: int) -> Tensor:
        if number not in self.known:
            entry = self.file.subgraph.Tensors(number)
            kind = DTYPES.get(entry.Type(), "unknown")
            sides = tuple(self.file.dimensions(number))
            constant = None if number in self.owner else self.constant(number, kind)
            self.known[number] = Tensor(number, sides, kind, constant)
        return self.known[number]

    def constant(self, number: int, kind: str) -> Constant:
        """What is worth knowing of the numbers of a tensor that no operator writes."""
        data = self.file.model.Buffers(self.file.subgraph.Tensors(number).Buffer()).DataAsNumpy()
        if isinstance(data, int) or kind not in NUMPY:
            return Constant()
        found = np.frombuffer(data, NUMPY[kind])
        if not 0 < len(found) <= MOST_LOOKED_AT:
            return Constant()
        few = tuple(found.tolist()) if len(found) <= MOST_CONSTANTS else ()
        uniform = float(found[0]) if (found == found[0]).all() else None
        return Constant(few, uniform, bool((found < 0).any()))


def _options(operator: Any, kind: str) -> dict[str, Any]:
    """The fields in `OPTIONS`, read from the operator's table."""
    table, fields = OPTIONS.get(kind, ("", ()))
    if not fields or operator.BuiltinOptions() is None:
        return {}
    options = options_of(operator, table)
    return {field: getattr(options, field)() for field in fields}
