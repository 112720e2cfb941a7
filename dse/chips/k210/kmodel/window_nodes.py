"""Operations of kmodel version 4 that read many numbers for one; the others are in `nodes`.

Fields and their order are those of `runtime/neutral/neutral_ops_body.h` of nncase v0.2.0-beta4.
"""

from __future__ import annotations

from dataclasses import dataclass

from dse.chips.k210.kmodel.records import FileArray, Limits, Margins, Range, Shape4, Step

__all__ = [
    "Conv2d",
    "Conv2dTranspose",
    "InOut",
    "MatMul",
    "Pad",
    "QuantizedConv2d",
    "QuantizedMatMul",
    "Reduce",
    "ReduceWindow",
    "Resize",
    "StridedSlice",
]


@dataclass(frozen=True)
class InOut(Step):
    """What reads one tensor and writes one."""

    input: Range
    output: Range


@dataclass(frozen=True)
class _ConvolutionStart(InOut):
    in_shape: Shape4
    groups: int
    out_channels: int
    padding_h: Margins
    padding_w: Margins
    filter_h: int
    filter_w: int
    stride_h: int
    stride_w: int
    dilation_h: int
    dilation_w: int

    @property
    def weights_shape(self) -> tuple[int, int, int, int]:
        """(out, in / groups, height, width)."""
        per_group = self.in_shape.c // max(self.groups, 1)
        return self.out_channels, per_group, self.filter_h, self.filter_w


@dataclass(frozen=True)
class Conv2d(_ConvolutionStart):
    """In float32, on the CPU."""

    name = "conv2d"
    limits: Limits

    @property
    def arrays(self) -> tuple[FileArray, ...]:
        """weights, bias."""
        weights = FileArray("weights", "f4", self.rest, self.weights_shape)
        return weights, FileArray("bias", "f4", weights.end, (self.out_channels,))


@dataclass(frozen=True)
class QuantizedConv2d(_ConvolutionStart):
    """In whole numbers, on the CPU."""

    name = "quantized conv2d"
    input_offset: int
    filter_offset: int
    out_mul: int
    out_shift: int
    out_offset: int

    @property
    def arrays(self) -> tuple[FileArray, ...]:
        """bias, weights."""
        bias = FileArray("bias", "i4", self.rest, (self.out_channels,))
        return bias, FileArray("weights", "u1", bias.end, self.weights_shape)


@dataclass(frozen=True)
class Conv2dTranspose(InOut):
    """In float32. The runtime reads a bias and adds it nowhere."""

    name = "conv2d transpose"
    in_shape: Shape4
    shape: Shape4
    groups: int
    padding_h: Margins
    padding_w: Margins
    filter_h: int
    filter_w: int
    stride_h: int
    stride_w: int
    dilation_h: int
    dilation_w: int
    limits: Limits

    @property
    def arrays(self) -> tuple[FileArray, ...]:
        """weights (out, in / groups, height, width), bias."""
        per_group = self.in_shape.c // max(self.groups, 1)
        shape = self.shape.c, per_group, self.filter_h, self.filter_w
        weights = FileArray("weights", "f4", self.rest, shape)
        return weights, FileArray("bias", "f4", weights.end, shape[:1])


@dataclass(frozen=True)
class MatMul(Step):
    """(rows, inner) by (inner, columns)."""

    name = "matmul"
    a: Range
    b: Range
    output: Range
    rows: int
    inner: int
    columns: int
    limits: Limits

    @property
    def arrays(self) -> tuple[FileArray, ...]:
        """bias."""
        return (FileArray("bias", "f4", self.rest, (self.columns,)),)


@dataclass(frozen=True)
class QuantizedMatMul(Step):
    """The same in whole numbers."""

    name = "quantized matmul"
    a: Range
    b: Range
    output: Range
    rows: int
    inner: int
    columns: int
    a_offset: int
    b_offset: int
    out_mul: int
    out_shift: int
    out_offset: int

    @property
    def arrays(self) -> tuple[FileArray, ...]:
        """bias."""
        return (FileArray("bias", "i4", self.rest, (self.columns,)),)


@dataclass(frozen=True)
class Pad(InOut):
    """value: four bytes, of which the first is the level where the tensor is of levels."""

    name = "pad"
    in_shape: Shape4
    margins: tuple[Margins, Margins, Margins, Margins]
    value_type: int
    value: int


@dataclass(frozen=True)
class Reduce(InOut):
    """function: as `reduce_op_t`; an axis that is 1 in `shape` is reduced."""

    name = "reduce"
    function: int
    in_shape: Shape4
    shape: Shape4
    initial: float


@dataclass(frozen=True)
class ReduceWindow(InOut):
    """A pool. function: as `reduce_op_t`."""

    name = "pool"
    function: int
    in_shape: Shape4
    padding_h: Margins
    padding_w: Margins
    filter_h: int
    filter_w: int
    stride_h: int
    stride_w: int
    dilation_h: int
    dilation_w: int
    initial: float
    limits: Limits


@dataclass(frozen=True)
class Resize(InOut):
    """mode: 0 is bilinear, 1 the nearest pixel. align_corners: the lowest of its four bytes."""

    name = "resize"
    in_shape: Shape4
    height: int
    width: int
    mode: int
    align_corners: int


@dataclass(frozen=True)
class StridedSlice(InOut):
    """The masks say what the compiler has already put into the other numbers."""

    name = "strided slice"
    in_shape: Shape4
    begin: Shape4
    end: Shape4
    strides: Shape4
    begin_mask: int
    end_mask: int
    ellipsis_mask: int
    new_axis_mask: int
    shrink_axis_mask: int
