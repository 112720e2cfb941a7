"""The operations of kmodel version 4, the files of nncase 0.2.

Fields and their order are those of `runtime/neutral/neutral_ops_body.h` and
`runtime/k210/k210_ops_body.h` of nncase v0.2.0-beta4, which the standalone SDK (`lib/nncase/v0`),
MaixPy and CanMV ship; numbers of the operations are those of `runtime_op.def`.
"""

from __future__ import annotations

from dataclasses import dataclass

from dse.chips.k210.kmodel.records import FileArray, Limits, Range, Shape4, Step
from dse.chips.k210.kmodel.window_nodes import (
    Conv2d,
    Conv2dTranspose,
    InOut,
    MatMul,
    Pad,
    QuantizedConv2d,
    QuantizedMatMul,
    Reduce,
    ReduceWindow,
    Resize,
    StridedSlice,
)

__all__ = [
    "NAMES",
    "NODES",
    "Binary",
    "Concat",
    "Dequantize",
    "KpuConv2d",
    "KpuUpload",
    "MemoryCopy",
    "Quantize",
    "QuantizedBinary",
    "Softmax",
    "TableLookup",
    "Transpose",
    "Unary",
    "UnaryProgram",
]


@dataclass(frozen=True)
class Binary(Step):
    """function: of two numbers, as `binary_op_t`."""

    name = "binary"
    a: Range
    b: Range
    output: Range
    function: int
    a_shape: Shape4
    b_shape: Shape4
    shape: Shape4
    limits: Limits


@dataclass(frozen=True)
class QuantizedBinary(Step):
    """Levels are taken for (level + offset) * mul >> shift; the result goes the other way."""

    name = "quantized binary"
    a: Range
    b: Range
    output: Range
    function: int
    a_shape: Shape4
    b_shape: Shape4
    shape: Shape4
    a_offset: int
    a_mul: int
    a_shift: int
    b_offset: int
    b_mul: int
    b_shift: int
    out_offset: int
    out_mul: int
    out_shift: int


@dataclass(frozen=True)
class Concat(Step):
    """`outer` times over, inner * dims[i] bytes of each input i."""

    name = "concatenation"
    output: Range
    inner: int
    outer: int
    count: int

    @property
    def arrays(self) -> tuple[FileArray, ...]:
        """inputs: as ranges; dims."""
        dims = self.rest + 16 * self.count
        return (
            FileArray("inputs", "u4", self.rest, (self.count, 4)),
            FileArray("dims", "i4", dims, (self.count,)),
        )


@dataclass(frozen=True)
class Dequantize(InOut):
    """(level - zero_point) / scale."""

    name = "dequantize"
    zero_point: int
    scale: float


@dataclass(frozen=True)
class Quantize(InOut):
    """number * scale + zero_point, rounded."""

    name = "quantize"
    zero_point: int
    scale: float


@dataclass(frozen=True)
class MemoryCopy(InOut):
    """From one place to another, in words of four bytes."""

    name = "memory copy"


@dataclass(frozen=True)
class Softmax(InOut):
    """Of `inner` numbers each, `outer` times."""

    name = "softmax"
    inner: int
    outer: int
    beta: float


@dataclass(frozen=True)
class Transpose(InOut):
    """order: which axis of the input each of the output's is."""

    name = "transpose"
    in_shape: Shape4
    order: Shape4


@dataclass(frozen=True)
class Unary(InOut):
    """function: of one number, as `unary_op_t`."""

    name = "unary"
    function: int


@dataclass(frozen=True)
class UnaryProgram(InOut):
    """A function of one number as a little program of a stack machine (`runtime/nnil.h`), which
    takes the rest of the node's body."""

    name = "unary program"

    @property
    def arrays(self) -> tuple[FileArray, ...]:
        """program."""
        return (FileArray("program", "u1", self.rest, (self.body_end - self.rest,)),)


@dataclass(frozen=True)
class TableLookup(Step):
    """A level for each of 256."""

    name = "table lookup"
    input: Range
    table: Range
    output: Range


@dataclass(frozen=True)
class KpuUpload(InOut):
    """From main memory into the rows of the accelerator's."""

    name = "KPU upload"
    in_shape: Shape4


@dataclass(frozen=True)
class KpuConv2d(Step):
    """A layer of the accelerator. main: where its maps go in main memory too, if its size is not 0.

    Twelve registers follow, then its constants; three registers say how many bytes are skipped
    in front of each.
    """

    name = "KPU convolution"
    main: Range
    batches: int
    reserved: int

    @property
    def arrays(self) -> tuple[FileArray, ...]:
        """registers."""
        return (FileArray("registers", "u8", self.rest, (12,)),)


NODES: dict[int, type[Step]] = {
    0x00: Binary, 0x01: Concat, 0x02: Conv2d, 0x03: Dequantize, 0x04: MatMul, 0x05: Pad,
    0x06: Quantize, 0x07: Reduce, 0x08: ReduceWindow, 0x09: MemoryCopy, 0x0A: Resize,
    0x0B: Softmax, 0x0C: Transpose, 0x0D: StridedSlice, 0x0E: Unary, 0x0F: QuantizedConv2d,
    0x10: QuantizedMatMul, 0x11: QuantizedBinary, 0x12: TableLookup, 0x13: Conv2dTranspose,
    0x14: UnaryProgram, 0x2001: KpuUpload, 0x2002: KpuConv2d,
}  # fmt: skip
"""Number of an operation -> what it is."""

NAMES = {
    0x1001: "CPU conv2d", 0x1002: "CPU depthwise conv2d",
    0x1003: "CPU pool", 0x1004: "CPU quantized conv2d", 0x1005: "CPU quantized depthwise conv2d",
}  # fmt: skip
"""Operations of which only the name is known here: those of files for nncase's CPU target."""
