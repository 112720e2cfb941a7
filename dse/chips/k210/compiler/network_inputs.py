"""What a network's file reads: camera pictures, or numbers of its own."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tflite as schema
from numpy.typing import NDArray

from dse.errors import CompilerError
from dse.network.tflite_checks import check_graph, listed

__all__ = ["BYTES", "SIGNED", "NetworkInputs", "network_inputs"]

Shape = tuple[int, ...]

SIGNED, BYTES = (-1.0, 1.0), (0.0, 255.0)
"""What the 256 values of a pixel mean to a network: as ours are trained, or as they are, where the
file normalises them itself."""

LEAST_SCALE, LEAST_MEAN = 0.1, 10.0
"""A first product with less than this, or a first difference with more, is of bytes 0 to 255."""

MOST_SAMPLE_BYTES = 64 << 20
"""Of one sample of all inputs: eight times all memory of the chip."""

_HINT = "write the file with dse.chips.k210.to_tflite, or export it again"


@dataclass(frozen=True)
class NetworkInputs:
    """Shapes of the float32 inputs, the number of samples first, and what pixels mean to them.

    kind: of the file, "tflite" or "onnx"; shapes of pictures are (1, h, w, channels) in both.
    """

    shapes: tuple[Shape, ...]
    pixel_range: tuple[float, float] = SIGNED
    kind: str = "tflite"

    @property
    def are_pictures(self) -> bool:
        """One picture (1, h, w, channels), or several of one shape: bytes of a camera. Anything
        else is compiled for float32 numbers."""
        first = self.shapes[0]
        return set(self.shapes) == {first} and len(first) == 4 and first[0] == 1

    def check(self, samples: Sequence[NDArray[Any]]) -> None:
        """Raises CompilerError unless `samples` has an array (n, *shape) for each input.

        nncase would resize pictures of another shape on the CPU without a word.
        """
        wanted = np.uint8 if self.are_pictures else np.float32
        what = "pictures are" if self.are_pictures else "numbers are"
        shapes = [shape if shape[0] != 1 else shape[1:] for shape in self.shapes]
        if len(samples) != len(shapes):
            raise CompilerError(
                f"the network reads {len(shapes)} inputs, calibration is of {len(samples)}",
                "give an array for each input",
            )
        for found, shape in zip(samples, shapes, strict=True):
            if found.dtype != wanted or found.ndim != len(shape) + 1 or not len(found):
                raise CompilerError(
                    f"calibration {what} {found.dtype} {found.shape}, "
                    f"not {np.dtype(wanted).name} (n, {', '.join(map(str, shape))})",
                    "give at least one letterboxed picture of the network's input shape"
                    if self.are_pictures
                    else "give at least one sample of the network's input shape",
                )
            if found.shape[1:] != shape:
                raise CompilerError(
                    f"the network reads {shape}, calibration {what} {found.shape[1:]}",
                    "letterbox the pictures to the network's height and width",
                )

    def options(self, layout: str) -> dict[str, Any]:
        """What `nncase_process` must be told of them."""
        height, width, channels = self.shapes[0][1:] if self.are_pictures else (0, 0, 0)
        planar = layout == "NCHW"
        picture = [channels, height, width] if planar else [height, width, channels]
        return {
            "kind": self.kind,
            "layout": layout,
            "picture": picture if self.are_pictures else None,
            "input_range": list(self.pixel_range),
        }

    def arranged(
        self, samples: Sequence[NDArray[Any]], layout: str = "NCHW"
    ) -> Iterator[NDArray[Any]]:
        """`samples` as they lie in the chip's memory: pictures planar for "NCHW"."""
        for found in samples:
            planar = self.are_pictures and layout == "NCHW"
            yield np.ascontiguousarray(found.transpose(0, 3, 1, 2) if planar else found)

    def numbers(self, samples: Sequence[NDArray[Any]]) -> list[NDArray[np.float32]]:
        """`samples` as the float network reads them: bytes become numbers of `pixel_range`."""
        if not self.are_pictures:
            return [np.asarray(found, np.float32) for found in samples]
        low, high = self.pixel_range
        step = np.float32((high - low) / 255)
        layout = "NCHW" if self.kind == "onnx" else "NHWC"
        arranged = self.arranged(samples, layout)
        return [found.astype(np.float32) * step + np.float32(low) for found in arranged]


def network_inputs(content: bytes, kind: str = "tflite") -> NetworkInputs:
    """What the TensorFlow-Lite file `content`, or a prepared ONNX file, reads; nncase dies on files
    that are none.

    Raises CompilerError for what is none, is damaged, or reads other than float32 numbers.
    """
    if kind == "onnx":
        return _onnx_inputs(content)
    if len(content) < 8 or not schema.Model.ModelBufferHasIdentifier(content, 0):
        raise CompilerError("this is not a TensorFlow-Lite file", _HINT)
    try:
        model = schema.Model.GetRootAsModel(content, 0)
        graph = check_graph(model)
        inputs = listed(graph, "Inputs")
        tensors = [graph.Tensors(int(index)) for index in inputs]
        shapes = tuple(_shape(tensor) for tensor in tensors)
        floats = [tensor.Type() == schema.TensorType.FLOAT32 for tensor in tensors]
        pixel_range = _pixel_range(model, graph, {int(index) for index in inputs})
    except (struct.error, IndexError, TypeError, AttributeError, ValueError, KeyError) as error:
        raise CompilerError(f"the TensorFlow-Lite file is damaged: {error}", _HINT) from None
    return _checked(shapes, all(floats), pixel_range)


def _checked(
    shapes: tuple[Shape, ...], floats: bool, pixel_range: tuple[float, float], kind: str = "tflite"
) -> NetworkInputs:
    if not shapes or not floats or not all(min(shape, default=0) > 0 for shape in shapes):
        raise CompilerError(
            f"the network reads {list(shapes) or 'nothing'}, not float32 numbers of fixed shapes",
            "export the network in float32, for one picture at a time",
        )
    if sum(math.prod(shape) for shape in shapes) > MOST_SAMPLE_BYTES // 4:
        raise CompilerError(
            f"the network reads {list(shapes)}, far more than the chip has memory for",
            "export it for a smaller input",
        )
    return NetworkInputs(shapes, pixel_range, kind)


def _onnx_inputs(content: bytes) -> NetworkInputs:
    """Of a file that `dse.network.onnx_files` made ready."""
    import onnx

    graph = onnx.load_model_from_string(content).graph
    held = {one.name for one in graph.initializer}
    tensors = [one.type.tensor_type for one in graph.input if one.name not in held]
    shapes = [tuple(int(side.dim_value) for side in one.shape.dim) for one in tensors]
    floats = all(one.elem_type == onnx.TensorProto.FLOAT for one in tensors)
    interleaved = (
        (shape[0], *shape[2:], shape[1]) if len(shape) == 4 else shape for shape in shapes
    )
    return _checked(tuple(interleaved), floats, SIGNED, "onnx")


def _shape(tensor: Any) -> Shape:
    sides = tensor.ShapeAsNumpy()
    return () if isinstance(sides, int) else tuple(int(side) for side in sides)


def _pixel_range(model: Any, graph: Any, inputs: set[int]) -> tuple[float, float]:
    """`BYTES` where the first operation on an input scales numbers of 0 to 255 down."""
    for index in range(graph.OperatorsLength()):
        operator = graph.Operators(index)
        read = [int(tensor) for tensor in listed(operator, "Inputs")]
        if len(read) == 2 and read[0] in inputs and _scales_bytes(model, graph, operator, read[1]):
            return BYTES
    return SIGNED


def _scales_bytes(model: Any, graph: Any, operator: Any, constant: int) -> bool:
    code = model.OperatorCodes(operator.OpcodeIndex())
    op = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    data = model.Buffers(graph.Tensors(constant).Buffer()).DataAsNumpy()
    if isinstance(data, int) or graph.Tensors(constant).Type() != schema.TensorType.FLOAT32:
        return False
    largest = float(np.abs(np.frombuffer(data, "<f4")).max(initial=0))
    operators = schema.BuiltinOperator
    if op == operators.MUL:
        return 0 < largest < LEAST_SCALE
    if op == operators.DIV:
        return largest > 1 / LEAST_SCALE
    return op in (operators.SUB, operators.ADD) and largest > LEAST_MEAN
