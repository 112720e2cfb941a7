"""The layers of kmodel version 3, the files of nncase 0.1.

Fields and their order are those of `kpu_model_*_layer_argument_t` in the standalone SDK's
`lib/drivers/include/kpu.h`; numbers of the layers are those of `kpu_model_layer_type_t`.
"""

from __future__ import annotations

from dataclasses import dataclass

from dse.chips.k210.kmodel.records import FileArray, KpuAddress, Main, Shape3, Step

__all__ = ["LAYERS", "MAIN_MEMORY_OUTPUT", "NAMES"]

MAIN_MEMORY_OUTPUT = 1
"""Flag of a convolution whose maps go into main memory too, by DMA."""


@dataclass(frozen=True)
class Layer(Step):
    """What every layer begins with."""

    flags: int


@dataclass(frozen=True)
class _InOut(Layer):
    input: Main
    output: Main


@dataclass(frozen=True)
class _Scaled(_InOut):
    count: int
    scale: float
    bias: float


@dataclass(frozen=True)
class _Channels(_InOut):
    channels: int


@dataclass(frozen=True)
class Add(Layer):
    """In float32."""

    name = "add"
    a: Main
    b: Main
    output: Main
    count: int


@dataclass(frozen=True)
class QuantizedAdd(Layer):
    """Of levels, in eights."""

    name = "quantized add"
    a: Main
    b: Main
    output: Main
    count: int
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
class GlobalAveragePool(_InOut):
    """Of `kernel` numbers each."""

    name = "global average pool"
    kernel: int
    channels: int


@dataclass(frozen=True)
class _Pool(_InOut):
    in_shape: Shape3
    shape: Shape3
    kernel_width: int
    kernel_height: int
    stride_width: int
    stride_height: int
    padding_width: int
    padding_height: int


@dataclass(frozen=True)
class QuantizedMaxPool(_Pool):
    """Of levels."""

    name = "quantized max pool"


@dataclass(frozen=True)
class AveragePool(_Pool):
    """In float32; the SDK does nothing with the activation that it names."""

    name = "average pool"
    activation: int


@dataclass(frozen=True)
class Quantize(_Scaled):
    """(number - bias) / scale, rounded."""

    name = "quantize"


@dataclass(frozen=True)
class Dequantize(_Scaled):
    """level * scale + bias."""

    name = "dequantize"


@dataclass(frozen=True)
class ChannelwiseDequantize(_InOut):
    """The same with a scale and a bias for each channel."""

    name = "channelwise dequantize"
    channels: int
    channel_size: int

    @property
    def arrays(self) -> tuple[FileArray, ...]:
        """scale and bias of each channel."""
        return (FileArray("parameters", "f4", self.rest, (self.channels, 2)),)


@dataclass(frozen=True)
class Requantize(_InOut):
    """A level for each of 256."""

    name = "requantize"
    count: int

    @property
    def arrays(self) -> tuple[FileArray, ...]:
        """table."""
        return (FileArray("table", "u1", self.rest, (256,)),)


@dataclass(frozen=True)
class L2Normalization(_Channels):
    """Divided by the root of the sum of squares."""

    name = "L2 normalization"


@dataclass(frozen=True)
class Softmax(_Channels):
    """Of all numbers."""

    name = "softmax"


@dataclass(frozen=True)
class Logistic(_Channels):
    """Of each number."""

    name = "logistic"


@dataclass(frozen=True)
class Concat(Layer):
    """Inputs one behind another, as they lie in memory."""

    name = "concatenation"
    output: Main
    count: int

    @property
    def arrays(self) -> tuple[FileArray, ...]:
        """start and size of each input, bytes."""
        return (FileArray("inputs", "u4", self.rest, (self.count, 2)),)


@dataclass(frozen=True)
class QuantizedConcat(Concat):
    """The same, of levels."""

    name = "quantized concatenation"


@dataclass(frozen=True)
class FullyConnected(_InOut):
    """activation: 0 none, 1 ReLU, 2 ReLU6."""

    name = "fully connected"
    in_channels: int
    out_channels: int
    activation: int

    @property
    def arrays(self) -> tuple[FileArray, ...]:
        """weights (out, in), bias."""
        shape = self.out_channels, self.in_channels
        weights = FileArray("weights", "f4", self.rest, shape)
        return weights, FileArray("bias", "f4", weights.end, shape[:1])


@dataclass(frozen=True)
class Flatten(_InOut):
    """Channels last, as in TensorFlow."""

    name = "flatten"
    shape: Shape3


@dataclass(frozen=True)
class Resize(_InOut):
    """To the nearest pixel, in float32; nothing is done with `align_corners`."""

    name = "resize"
    in_shape: Shape3
    width: int
    height: int
    align_corners: int


@dataclass(frozen=True)
class QuantizedResize(Resize):
    """The same, of levels."""

    name = "quantized resize"


@dataclass(frozen=True)
class KpuConvolution(Layer):
    """A layer of the accelerator; the last four say where its parts begin in the file."""

    name = "KPU convolution"
    main: Main
    registers: int
    weights: int
    batch_norm: int
    activation: int

    @property
    def arrays(self) -> tuple[FileArray, ...]:
        """registers."""
        return (FileArray("registers", "u8", self.registers, (12,)),)


@dataclass(frozen=True)
class AddPadding(Layer):
    """A number for each channel becomes the first pixel of a map of 4 x 4 for the accelerator."""

    name = "add padding"
    input: Main
    output: KpuAddress
    channels: int


@dataclass(frozen=True)
class RemovePadding(_Channels):
    """The first pixel of each channel's map of 4 x 4."""

    name = "remove padding"


@dataclass(frozen=True)
class Upload(Layer):
    """From main memory into the rows of the accelerator's."""

    name = "KPU upload"
    input: Main
    output: KpuAddress
    shape: Shape3


LAYERS: dict[int, type[Step]] = {
    1: Add, 2: QuantizedAdd, 5: GlobalAveragePool, 8: QuantizedMaxPool, 9: AveragePool,
    11: Quantize, 12: Dequantize, 13: Requantize, 14: L2Normalization, 15: Softmax, 16: Concat,
    17: QuantizedConcat, 18: FullyConnected, 20: Flatten, 22: Resize, 23: QuantizedResize,
    24: ChannelwiseDequantize, 25: Logistic, 10240: KpuConvolution, 10241: AddPadding,
    10242: RemovePadding, 10243: Upload,
}  # fmt: skip
"""Number of a layer -> what it is."""

NAMES = {
    3: "global max pool", 4: "quantized global max pool", 6: "quantized global average pool",
    7: "max pool", 10: "quantized average pool", 19: "quantized fully connected",
    21: "quantized flatten",
}  # fmt: skip
"""Layers that nncase 0.1 numbers and no firmware runs."""
