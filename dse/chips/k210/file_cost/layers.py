"""What each layer of kmodel version 3 takes under the runtime of nncase 0.1.

Loops and their order are those of `lib/drivers/kpu.c` of the standalone SDK, which is that runtime:
the accelerator's maps come to main memory by DMA while they are written, and the CPU waits.
MaixPy's library (`lib_sipeed_kpu*.a`) copies them by the CPU, unless it is told otherwise.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from dse.chips.k210.cost.kpu_layout import ROW_BYTES
from dse.chips.k210.cost.latency import total_time
from dse.chips.k210.cost.older_loops import download_cycles, old_loops, upload_cycles
from dse.chips.k210.file_cost.operation import (
    MAIN,
    FileStep,
    Operation,
    Span,
    convolution,
    elements_of,
    kpu_span,
    loop_time,
)
from dse.chips.k210.file_cost.reasons import kpu_reason
from dse.chips.k210.kmodel import layers
from dse.chips.k210.kmodel.buffered import BufferedKmodel, convolution_of
from dse.chips.k210.kmodel.kmodel_reader import expect
from dse.chips.k210.kmodel.kpu_layer import KpuMap
from dse.chips.k210.kmodel.records import FileArray, Shape3, Step
from dse.chips.k210.target import K210Target
from dse.network.graph import Shape

__all__ = ["Layers"]

PADDED, PADDED_BYTES = 4, 16
"""Side, and bytes of a channel, of the maps that a number is padded to."""


class Work(NamedTuple):
    """Rounds of one loop. reads, writes: (first byte, bytes) in main memory; the rest as of
    `Operation` and `FileStep`."""

    loop: str
    rounds: int
    shape: Shape
    reads: tuple[tuple[int, int], ...]
    writes: tuple[tuple[int, int], ...]
    why: str
    place: str = "cpu"
    macs: int = 0
    parameters: int = 0
    working_bytes: int = 0


class Layers:
    """The operations of a file of version 3."""

    def __init__(self, content: bytes, kmodel: BufferedKmodel, target: K210Target) -> None:
        self.content, self.kmodel, self.target = content, kmodel, target
        self.loops = old_loops(3, target)

    def input(self) -> Operation:
        """The runtime brings the picture to where the first layer reads it."""
        first = self.kmodel.steps[0]
        count = elements_of(self.kmodel.input_shape, "input")
        if isinstance(first, layers.KpuConvolution):
            read = convolution_of(first, self.content).read
            cycles = upload_cycles(3, self.target, read.width, picture=True)
            shape, written = (read.height, read.width, read.channels), kpu_span(read)
            why = "CPU: copies the picture in" if read.width % ROW_BYTES else "by DMA"
        else:
            start: int = getattr(first, "input")  # noqa: B009, of a fully connected layer
            cycles, shape, count = self.loops["copy"], (1, 1, count), 4 * count
            written, why = self._main((start, count), first.name), "CPU: copies the numbers in"
        time = loop_time(cycles, count, self.target)
        step = FileStep("input", "transfer", shape, time, (), (written,))
        return Operation("0 input", "input", (step,), why=why)

    def operation(self, name: str, layer: Step) -> Operation:
        """What `layer` takes. Raises as `convolution_of`, and VerificationFailed for no tensor."""
        if isinstance(layer, layers.KpuConvolution):
            return self._convolution(name, layer)
        if isinstance(layer, layers.AddPadding | layers.Upload):
            return self._upload(name, layer)
        work = WORK[type(layer)](layer) if type(layer) in WORK else self._concat(layer)
        time = loop_time(self.loops[work.loop], work.rounds, self.target)
        reads = tuple(self._main(one, layer.name) for one in work.reads)
        writes = tuple(self._main(one, layer.name) for one in work.writes)
        step = FileStep(work.loop, work.place, work.shape, time, reads, writes)
        return Operation(
            name, layer.name, (step,), work.parameters, work.macs,
            layer.body_end - layer.body_start, work.working_bytes, work.why,
        )  # fmt: skip

    def _convolution(self, name: str, layer: layers.KpuConvolution) -> Operation:
        found = convolution_of(layer, self.content)
        step, parameters, macs = convolution(found, self.target)
        steps, why = [step], kpu_reason(found)
        if layer.flags & layers.MAIN_MEMORY_OUTPUT:
            count = elements_of(found.written.shape, layer.name)
            cycles = download_cycles(3, self.target, found.written.width)
            sent = loop_time(cycles, count, self.target)
            main = self._main((layer.main, count), layer.name)
            if self.target.kmodel_3_results_by_dma:
                both = total_time([step.time, sent])
                steps = [replace(step, time=both, writes=(*step.writes, main))]
                how = "writes to main memory by DMA"
            else:
                steps.append(
                    FileStep("download", "transfer", step.shape, sent, step.writes, (main,))
                )
                how = "CPU: copies the maps to main memory"
            why = "; ".join(filter(None, (why, how)))
        own = layer.body_end - layer.body_start
        return Operation(name, layer.name, tuple(steps), parameters, macs, own, why=why)

    def _upload(self, name: str, layer: layers.AddPadding | layers.Upload) -> Operation:
        if isinstance(layer, layers.Upload):
            channels, height, width = layer.shape.chw
            count = elements_of(layer.shape, layer.name)
            cycles = upload_cycles(3, self.target, width, start=layer.input)
            why = "CPU: copies what it made into the KPU's memory"
        else:
            channels, height, width = layer.channels, PADDED, PADDED
            cycles = self.loops["padding"]
            count = elements_of((channels,), layer.name)
            why = "a fully connected layer on the KPU: a number becomes a map of 4x4"
        written = kpu_span(KpuMap(layer.output * ROW_BYTES, channels, height, width))
        time = loop_time(cycles, count, self.target)
        read = self._main((layer.input, count), layer.name)
        step = FileStep("upload", "transfer", (height, width, channels), time, (read,), (written,))
        return Operation(name, layer.name, (step,), why=why)

    def _concat(self, layer: Step) -> Work:
        assert isinstance(layer, layers.Concat), f"a loop for '{layer.name}' is missing"
        inputs = self._pairs(layer.arrays[0])
        size = sum(length for _, length in inputs)
        written = ((layer.output, size),)
        why = "the KPU joins no maps: bytes are copied"
        return Work("copy", size, (1, 1, size), tuple(inputs), written, why)

    def _pairs(self, found: FileArray) -> list[tuple[int, int]]:
        """(first byte, bytes) of each input; that they lie in the file, the reader has checked."""
        return list(struct.iter_unpack("<II", self.content[found.start : found.end]))

    def _main(self, piece: tuple[int, int], what: str) -> Span:
        start, size = piece
        room = self.kmodel.main_bytes
        expect(start + size <= room, f"'{what}' reaches {start + size}, its memory {room}")
        return Span(MAIN, start, start + size)


def _flat(
    loop: str, why: str, sizes: tuple[int, int], count: str = "count", place: str = "cpu"
) -> Callable[[Any], Work]:
    """A loop over `count` numbers. sizes: bytes of one that is read, and of one written."""

    def work(layer: Any) -> Work:
        n = elements_of((getattr(layer, count),), layer.name)
        read, written = ((layer.input, sizes[0] * n),), ((layer.output, sizes[1] * n),)
        return Work(loop, n, (1, 1, n), read, written, why, place)

    return work


def _sum(loop: str, item_bytes: int, why: str) -> Callable[[Any], Work]:
    def work(layer: Any) -> Work:
        n = elements_of((layer.count,), layer.name)
        size = n * item_bytes
        reads = (layer.a, size), (layer.b, size)
        return Work(loop, n, (1, 1, n), reads, ((layer.output, size),), why)

    return work


def _mean(layer: layers.GlobalAveragePool) -> Work:
    n = elements_of((layer.kernel, layer.channels), layer.name)
    reads, writes = ((layer.input, 4 * n),), ((layer.output, 4 * layer.channels),)
    return Work("mean", n, (1, 1, layer.channels), reads, writes, "the KPU pools 2x2 or 4x4 alone")


def _pool(item_bytes: int) -> Callable[[Any], Work]:
    def work(layer: layers.QuantizedMaxPool | layers.AveragePool) -> Work:
        read, written = (elements_of(one, layer.name) for one in (layer.in_shape, layer.shape))
        window = elements_of((layer.kernel_width, layer.kernel_height), layer.name)
        pieces = ((layer.input, item_bytes * read),), ((layer.output, item_bytes * written),)
        why = "a pool that the KPU does not have, or not behind a convolution"
        return Work("pool", written * window, _hwc(layer.shape), *pieces, why)

    return work


def _channelwise(layer: layers.ChannelwiseDequantize) -> Work:
    n = elements_of((layer.channels, layer.channel_size), layer.name)
    shape = (1, layer.channel_size, layer.channels)
    why = "each channel has its own scale"
    pieces = ((layer.input, n),), ((layer.output, 4 * n),)
    return Work("dequantize", n, shape, *pieces, why, "transfer")


def _remove_padding(layer: layers.RemovePadding) -> Work:
    n = elements_of((layer.channels,), layer.name)
    pieces = ((layer.input, (n - 1) * PADDED_BYTES + 1),), ((layer.output, n),)
    why = "takes the one number out of each map of 4x4"
    return Work("padding", n, (1, 1, n), *pieces, why, "transfer")


def _fully_connected(layer: layers.FullyConnected) -> Work:
    """The runtime copies weights and biases before it uses them, and frees the copy afterwards."""
    inputs, outputs = layer.in_channels, layer.out_channels
    macs = elements_of((inputs, outputs), layer.name)
    pieces = ((layer.input, 4 * inputs),), ((layer.output, 4 * outputs),)
    parameters = macs + outputs
    why = "in float32; its weights are copied first"
    return Work(
        "fully_connected", macs, (1, 1, outputs), *pieces, why, "cpu", macs, parameters,
        4 * parameters,
    )  # fmt: skip


def _flatten(layer: layers.Flatten) -> Work:
    n = elements_of(layer.shape, layer.name)
    pieces = ((layer.input, 4 * n),), ((layer.output, 4 * n),)
    return Work("flatten", n, (1, 1, n), *pieces, "channels last, as in TensorFlow")


def _resize(item_bytes: int) -> Callable[[Any], Work]:
    def work(layer: layers.Resize) -> Work:
        shape = Shape3(layer.width, layer.height, layer.in_shape.channels)
        read, written = (elements_of(one, layer.name) for one in (layer.in_shape, shape))
        pieces = ((layer.input, item_bytes * read),), ((layer.output, item_bytes * written),)
        return Work("nearest", written, _hwc(shape), *pieces, "the KPU resizes no maps")

    return work


def _hwc(shape: Shape3) -> Shape:
    return shape.height, shape.width, shape.channels


NO_OPERATION = "the KPU has no such operation"

WORK: Mapping[type[Step], Callable[[Any], Work]] = {
    layers.Add: _sum("add", 4, "the KPU reads one map alone: in float32"),
    layers.QuantizedAdd: _sum("quantized_add", 1, "the KPU reads one map alone: in whole numbers"),
    layers.GlobalAveragePool: _mean,
    layers.QuantizedMaxPool: _pool(1),
    layers.AveragePool: _pool(4),
    layers.Quantize: _flat("quantize", "the KPU wants levels again", (4, 1), place="transfer"),
    layers.Dequantize: _flat(
        "dequantize", "the CPU, or who reads the output, wants float32", (1, 4), place="transfer"
    ),
    layers.ChannelwiseDequantize: _channelwise,
    layers.Requantize: _flat("lookup", "other levels for the same numbers", (1, 1)),
    layers.L2Normalization: _flat("normalize", NO_OPERATION, (4, 4), "channels"),
    layers.Softmax: _flat("softmax", NO_OPERATION, (4, 4), "channels"),
    layers.Logistic: _flat("logistic", NO_OPERATION, (4, 4), "channels"),
    layers.FullyConnected: _fully_connected,
    layers.Flatten: _flatten,
    layers.Resize: _resize(4),
    layers.QuantizedResize: _resize(1),
    layers.RemovePadding: _remove_padding,
}
"""Layer of the CPU -> its loop. Each raises VerificationFailed for sides that no tensor has."""
