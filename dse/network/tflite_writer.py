"""A TensorFlow-Lite file, written tensor by tensor.

Going through TensorFlow's converter takes 7 to 9 s a network; the file itself is a plain
flatbuffer, and writing it takes milliseconds. Layout: TensorFlow's
`compiler/mlir/lite/schema/schema.fbs`, version 3, through the `tflite` package.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import flatbuffers
import numpy as np
import tflite
from numpy.typing import NDArray

__all__ = ["Options", "Quantization", "TfliteWriter"]

SCHEMA_VERSION = 3
BUFFER_ALIGNMENT_BYTES = 16
"""`force_align: 16` of `Buffer.data` in the schema."""

LEGACY_CODE_LIMIT = 127
"""Codes up to here also go into the field that old readers (nncase 1.9) look at."""

Options = tuple[int, Callable[[flatbuffers.Builder], int]]
"""A member of `tflite.BuiltinOptions`, and what writes its table."""

_TYPES = {
    "float32": tflite.TensorType.FLOAT32,
    "int32": tflite.TensorType.INT32,
    "int8": tflite.TensorType.INT8,
}


class Quantization(NamedTuple):
    """What the integers of a tensor mean: value = scale * (integer - zero point).

    scales: one for the tensor, or one for each index along `axis`, whose zero points are 0.
    """

    scales: tuple[float, ...]
    zero_point: int = 0
    axis: int = 0


@dataclass(frozen=True)
class _Tensor:
    name: str
    shape: tuple[int, ...]
    type: int
    data: bytes
    quantization: Quantization | None


@dataclass(frozen=True)
class _Operator:
    code: int
    inputs: tuple[int, ...]
    output: int
    options: Options


class TfliteWriter:
    """Collects tensors and operators of one graph; `to_bytes` writes the file."""

    def __init__(self, description: str) -> None:
        self._description = description
        self._tensors: list[_Tensor] = []
        self._operators: list[_Operator] = []

    def variable(
        self, name: str, shape: Sequence[int], quantization: Quantization | None = None
    ) -> int:
        """Index of a new tensor that an operator writes, or the caller feeds: float32, or int8
        where there is a quantization."""
        kind = _TYPES["int8" if quantization else "float32"]
        self._tensors.append(_Tensor(name, tuple(shape), kind, b"", quantization))
        return len(self._tensors) - 1

    def constant(
        self,
        name: str,
        values: NDArray[np.float32] | NDArray[np.int32] | NDArray[np.int8],
        quantization: Quantization | None = None,
    ) -> int:
        """Index of a new tensor that holds `values` (float32, int32 or int8)."""
        data, kind = np.ascontiguousarray(values).tobytes(), _TYPES[values.dtype.name]
        self._tensors.append(_Tensor(name, values.shape, kind, data, quantization))
        return len(self._tensors) - 1

    def quantization(self, tensor: int) -> Quantization | None:
        """What the integers of the tensor with that index mean; None where it has none."""
        return self._tensors[tensor].quantization

    def operator(self, code: int, inputs: Sequence[int], output: int, options: Options) -> int:
        """Adds operation `code` of `tflite.BuiltinOperator`; returns `output`."""
        self._operators.append(_Operator(code, tuple(inputs), output, options))
        return output

    def to_bytes(self, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
        """The file; `inputs` and `outputs` are the tensors that a user feeds and reads."""
        builder = flatbuffers.Builder(1 << 20)
        codes = sorted({operator.code for operator in self._operators})
        integers = any(tensor.quantization for tensor in self._tensors)
        buffers = _vector(builder, self._buffers(builder))
        code_tables = _vector(builder, [_operator_code(builder, code, integers) for code in codes])
        graph = _vector(builder, [self._graph(builder, codes, inputs, outputs)])
        description = builder.CreateString(self._description)
        tflite.ModelStart(builder)
        tflite.ModelAddVersion(builder, SCHEMA_VERSION)
        tflite.ModelAddOperatorCodes(builder, code_tables)
        tflite.ModelAddSubgraphs(builder, graph)
        tflite.ModelAddDescription(builder, description)
        tflite.ModelAddBuffers(builder, buffers)
        builder.Finish(tflite.ModelEnd(builder), b"TFL3")
        return bytes(builder.Output())

    def _buffers(self, builder: flatbuffers.Builder) -> list[int]:
        """Buffer 0 is empty by convention; tensor i's constant is buffer i + 1."""
        return [_buffer(builder, data) for data in (b"", *(t.data for t in self._tensors))]

    def _graph(
        self,
        builder: flatbuffers.Builder,
        codes: Sequence[int],
        inputs: Sequence[int],
        outputs: Sequence[int],
    ) -> int:
        numbered = enumerate(self._tensors)
        tensors = _vector(builder, [_tensor(builder, t, i + 1) for i, t in numbered])
        operators = _vector(builder, [_operator(builder, o, codes) for o in self._operators])
        input_vector, output_vector = _integers(builder, inputs), _integers(builder, outputs)
        name = builder.CreateString("main")
        tflite.SubGraphStart(builder)
        tflite.SubGraphAddTensors(builder, tensors)
        tflite.SubGraphAddInputs(builder, input_vector)
        tflite.SubGraphAddOutputs(builder, output_vector)
        tflite.SubGraphAddOperators(builder, operators)
        tflite.SubGraphAddName(builder, name)
        return int(tflite.SubGraphEnd(builder))


def _buffer(builder: flatbuffers.Builder, data: bytes) -> int:
    vector = None
    if data:
        builder.StartVector(1, len(data), BUFFER_ALIGNMENT_BYTES)
        builder.head = builder.head - len(data)
        builder.Bytes[builder.head : builder.head + len(data)] = data
        vector = builder.EndVector()
    tflite.BufferStart(builder)
    if vector is not None:
        tflite.BufferAddData(builder, vector)
    return int(tflite.BufferEnd(builder))


def _tensor(builder: flatbuffers.Builder, tensor: _Tensor, buffer: int) -> int:
    name, shape = builder.CreateString(tensor.name), _integers(builder, tensor.shape)
    told = tensor.quantization and _quantization(builder, tensor.quantization)
    tflite.TensorStart(builder)
    tflite.TensorAddShape(builder, shape)
    tflite.TensorAddType(builder, tensor.type)
    tflite.TensorAddBuffer(builder, buffer if tensor.data else 0)
    tflite.TensorAddName(builder, name)
    if told is not None:
        tflite.TensorAddQuantization(builder, told)
    return int(tflite.TensorEnd(builder))


def _quantization(builder: flatbuffers.Builder, told: Quantization) -> int:
    scales = builder.CreateNumpyVector(np.asarray(told.scales, np.float32))
    zeros = builder.CreateNumpyVector(np.full(len(told.scales), told.zero_point, np.int64))
    tflite.QuantizationParametersStart(builder)
    tflite.QuantizationParametersAddScale(builder, scales)
    tflite.QuantizationParametersAddZeroPoint(builder, zeros)
    tflite.QuantizationParametersAddQuantizedDimension(builder, told.axis)
    return int(tflite.QuantizationParametersEnd(builder))


def _operator(builder: flatbuffers.Builder, operator: _Operator, codes: Sequence[int]) -> int:
    inputs, output = _integers(builder, operator.inputs), _integers(builder, [operator.output])
    kind, write = operator.options
    options = write(builder)
    tflite.OperatorStart(builder)
    tflite.OperatorAddOpcodeIndex(builder, codes.index(operator.code))
    tflite.OperatorAddInputs(builder, inputs)
    tflite.OperatorAddOutputs(builder, output)
    tflite.OperatorAddBuiltinOptionsType(builder, kind)
    tflite.OperatorAddBuiltinOptions(builder, options)
    return int(tflite.OperatorEnd(builder))


def _operator_code(builder: flatbuffers.Builder, code: int, integers: bool) -> int:
    tflite.OperatorCodeStart(builder)
    tflite.OperatorCodeAddDeprecatedBuiltinCode(builder, min(code, LEGACY_CODE_LIMIT))
    version = max(_VERSIONS.get(code, 1), _INTEGER_VERSIONS.get(code, 1) if integers else 1)
    tflite.OperatorCodeAddVersion(builder, version)
    tflite.OperatorCodeAddBuiltinCode(builder, code)
    return int(tflite.OperatorCodeEnd(builder))


_VERSIONS = {
    tflite.BuiltinOperator.RESIZE_BILINEAR: 3,
    tflite.BuiltinOperator.RESIZE_NEAREST_NEIGHBOR: 3,
}
"""Versions above 1 that options in use need: half-pixel centres came with version 3."""

_INTEGER_VERSIONS = {
    tflite.BuiltinOperator.ADD: 2,
    tflite.BuiltinOperator.AVERAGE_POOL_2D: 2,
    tflite.BuiltinOperator.CONCATENATION: 2,
    tflite.BuiltinOperator.CONV_2D: 3,
    tflite.BuiltinOperator.DEPTHWISE_CONV_2D: 3,
    tflite.BuiltinOperator.LEAKY_RELU: 2,
    tflite.BuiltinOperator.LOGISTIC: 2,
    tflite.BuiltinOperator.MAX_POOL_2D: 2,
    tflite.BuiltinOperator.PAD: 2,
}
"""The first versions that compute in int8: TensorFlow, compiler/mlir/lite/tools/versioning."""


def _integers(builder: flatbuffers.Builder, values: Sequence[int]) -> int:
    return int(builder.CreateNumpyVector(np.asarray(values, np.int32)))


def _vector(builder: flatbuffers.Builder, offsets: Sequence[int]) -> int:
    """A vector of tables; flatbuffers grow backwards, so it is filled from its end."""
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())
