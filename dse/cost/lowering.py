"""A layer graph as nncase 1.9 lowers it for the K210: what runs where, and in which order.

The rules follow nncase v1.9.0 (tag 3473131):

* a convolution of stride 2 runs at full resolution, and a slice keeps every second pixel;
* the slice moves behind every 1x1 convolution that alone reads it (`strided_slice_motion`),
  which then runs at full resolution too;
* the write-back of a convolution takes the slice over (`fuse_fake_kpu_conv2d_strided_slice`),
  but not that of a depthwise one: a slice that cannot move on from there stays on the CPU;
* the KPU pads one zero on all sides; any other padding is a float32 `pad` on the CPU;
* odd maps are padded to even ones in front of a stride of 2;
* maps under 4x4 are padded to 4x4 on the CPU, and cropped (`pad_conv`);
* an addition is a float32 concatenation and a 1x1 convolution (`add_to_conv2d`);
* what the KPU refuses (`kpu_rules`) runs in float32 on the CPU.
"""

from __future__ import annotations

from dataclasses import replace

from dse.cost.kpu_rules import MINIMUM_SIDE, is_supported_convolution, is_supported_input
from dse.cost.program import KPU_CONVOLUTIONS, Program, Step
from dse.cost.transfers import connect
from dse.network.graph import CONVOLUTIONS, Graph, Layer, Padding, Shape

__all__ = ["lower", "lower_for_cpu"]

NO_PADDING: Padding = (0, 0, 0, 0)


def lower(graph: Graph, interleaved: bool = False) -> Program:
    """The program of `graph`: steps in order of execution.

    interleaved: pictures and maps are stored (height, width, channels), so that the CPU
    transposes them; otherwise planes of channels, which is what the chip's camera port writes.
    """
    lowering = _Lowering(graph)
    for layer in graph:
        lowering.add(layer)
    outputs = [lowering.value[name] for name in graph.outputs]
    return connect(lowering.steps, outputs, interleaved)


def lower_for_cpu(graph: Graph) -> Program:
    """The program of `graph` when nothing runs on the KPU: float32 from the picture on."""
    place: dict[str, int] = {}
    steps: list[Step] = []
    for layer in graph:
        inputs = tuple(place[name] for name in layer.inputs)
        if layer.op == "input":
            steps.append(Step("input", layer.name, (), layer.shape))
            inputs, op = (len(steps) - 1,), "dequantize"
        else:
            op = _cpu_op(graph, layer)
        channels = graph.input_shapes(layer)[0][2] if layer.op in CONVOLUTIONS else 0
        place[layer.name] = len(steps)
        steps.append(Step(op, layer.name, inputs, layer.shape, 4, layer.kernel, channels))
    return connect(steps, [place[name] for name in graph.outputs], interleaved=False)


def _cpu_op(graph: Graph, layer: Layer) -> str:
    """The layer's own operation, or a name that no rule covers when its maps do not match."""
    sides = {shape[:2] for shape in graph.input_shapes(layer)}
    if layer.op in ("concat", "add") and len(sides) > 1:
        return f"{layer.op} of unequal maps"
    return layer.op


class _Lowering:
    """Steps without the transfers between KPU and CPU, and where each layer's result is."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.steps: list[Step] = []
        self.value: dict[str, int] = {}
        self.unsliced: dict[str, Padding] = {}
        """Layers whose stride of 2 is still to be taken, and the crop before it."""

    def add(self, layer: Layer) -> None:
        """Appends the steps of one layer."""
        sources = [self.value[name] for name in layer.inputs]
        if layer.op == "input":
            index = self.emit(Step("input", layer.name, (), layer.shape))
        elif layer.op == "conv" and layer.inputs[0] in self.unsliced:
            index = self.at_full_resolution(layer, sources[0])
        elif layer.op in CONVOLUTIONS:
            index = self.convolution(layer, sources[0], layer.padding)
        elif layer.op == "add" and _cpu_op(self.graph, layer) == "add":
            index = self.addition(layer, sources)
        elif layer.op in ("maxpool", "avgpool") and self.pools_at_write_back(layer):
            producer = self.steps[sources[0]]
            self.steps[sources[0]] = producer._replace(shape=layer.shape, pooled=True)
            index = sources[0]
        else:
            op = _cpu_op(self.graph, layer)
            index = self.emit(Step(op, layer.name, tuple(sources), layer.shape, 4))
        self.value[layer.name] = index

    def emit(self, step: Step) -> int:
        self.steps.append(step)
        return len(self.steps) - 1

    def convolution(self, layer: Layer, source: int, padding: Padding) -> int:
        """A convolution of the network; returns the step that holds its result."""
        shape = self.steps[source].shape
        if min(shape[:2]) < MINIMUM_SIDE and layer.kernel in (1, 3):
            grown = (max(MINIMUM_SIDE, shape[0]), max(MINIMUM_SIDE, shape[1]), shape[2])
            source = self.emit(Step("pad", layer.name, (source,), grown, 4))
            index = self.placed(layer, source, padding, _convolved(grown, layer, padding))
            return self.emit(Step("crop", layer.name, (index,), layer.shape, 4))
        return self.placed(layer, source, padding, layer.shape)

    def placed(self, layer: Layer, source: int, padding: Padding, shape: Shape) -> int:
        """The convolution on the KPU where it can run there, otherwise on the CPU."""
        before = self.steps[source].shape
        if not is_supported_convolution(before, shape[2], layer.kernel, padding):
            op = "conv" if layer.op == "conv" else "depthwise"
            step = Step(op, layer.name, (source,), shape, 4, layer.kernel, before[2])
            return self.emit(step)
        own = layer.kernel // 2
        top, bottom, left, right = (side - own for side in padding)
        extra: Padding = (max(0, top), max(0, bottom), max(0, left), max(0, right))
        crop: Padding = (max(0, -top), max(0, -bottom), max(0, -left), max(0, -right))
        if layer.stride == 1:
            source = self.padded(layer, source, extra)
            return self.cropped(layer, self.on_kpu(layer, source), crop)
        if layer.stride == 2 and self.slice_moves(layer):
            self.unsliced[layer.name] = crop
            return self.on_kpu(layer, self.padded(layer, source, extra))
        if layer.stride == 2 and layer.op == "conv" and is_supported_input(shape):
            return self.picked(layer, source, extra, crop, shape)
        index = self.on_kpu(layer, self.padded(layer, source, extra))
        return self.emit(Step("slice", layer.name, (index,), shape, 4))

    def picked(self, layer: Layer, source: int, extra: Padding, crop: Padding, shape: Shape) -> int:
        """A convolution that keeps every second pixel at write-back."""
        height, width, _ = self.steps[source].shape
        top, left = crop[0] % 2, 0
        bottom = (height + extra[0] + extra[1] + top) % 2
        right = (width + extra[2] + extra[3]) % 2
        even = (extra[0] + top, extra[1] + bottom, extra[2] + left, extra[3] + right)
        index = self.on_kpu(layer, self.padded(layer, source, even), pooled=True)
        return self.fitted(layer, index, shape)

    def at_full_resolution(self, layer: Layer, source: int) -> int:
        """A 1x1 convolution that takes over the stride of the one before it."""
        crop = self.unsliced[layer.inputs[0]]
        if self.slice_moves(layer):
            self.unsliced[layer.name] = NO_PADDING
            return self.on_kpu(layer, self.cropped(layer, source, crop))
        height, width, channels = self.steps[source].shape
        height, width = height - crop[0] - crop[1], width - crop[2] - crop[3]
        even = (height + height % 2, width + width % 2, channels)
        if not is_supported_input(layer.shape) or not is_supported_input(even):
            index = self.on_kpu(layer, self.cropped(layer, source, crop))
            return self.emit(Step("slice", layer.name, (index,), layer.shape, 4))
        if any(crop) or even[:2] != (height, width):
            source = self.emit(Step("pad", layer.name, (source,), even, 4))
        return self.fitted(layer, self.on_kpu(layer, source, pooled=True), layer.shape)

    def addition(self, layer: Layer, sources: list[int]) -> int:
        """Both operands side by side, then a 1x1 convolution with two ones in each row."""
        height, width, channels = layer.shape
        both = (height, width, 2 * channels)
        joined = self.emit(Step("concat", layer.name, tuple(sources), both, 4))
        if is_supported_convolution(both, channels, 1, NO_PADDING):
            return self.on_kpu(replace(layer, op="conv", kernel=1), joined)
        return self.emit(Step("conv", layer.name, (joined,), layer.shape, 4, 1, 2 * channels))

    def on_kpu(self, layer: Layer, source: int, pooled: bool = False) -> int:
        height, width, channels = self.steps[source].shape
        if pooled:
            height, width = height // 2, width // 2
        op = "kpu_depthwise" if layer.op == "depthwise" else "kpu_conv"
        shape = (height, width, layer.shape[2])
        return self.emit(Step(op, layer.name, (source,), shape, 1, layer.kernel, channels, pooled))

    def padded(self, layer: Layer, source: int, padding: Padding) -> int:
        """`source` with zeros around it (the CPU's work), or `source` when there are none."""
        if not any(padding):
            return source
        height, width, channels = self.steps[source].shape
        top, bottom, left, right = padding
        shape = (height + top + bottom, width + left + right, channels)
        return self.emit(Step("pad", layer.name, (source,), shape, 4))

    def cropped(self, layer: Layer, source: int, crop: Padding) -> int:
        top, bottom, left, right = crop
        return self.padded(layer, source, (-top, -bottom, -left, -right))

    def fitted(self, layer: Layer, source: int, shape: Shape) -> int:
        """`source` cut to `shape` when padding to even made it larger."""
        if self.steps[source].shape == shape:
            return source
        return self.emit(Step("pad", layer.name, (source,), shape, 4))

    def slice_moves(self, layer: Layer) -> bool:
        """The only reader of a strided layer is a plain 1x1 convolution on the KPU."""
        readers = self.graph.consumers[layer.name]
        if len(readers) != 1 or layer.name in self.graph.outputs:
            return False
        reader = self.graph[readers[0]]
        plain = reader.op == "conv" and (reader.kernel, reader.stride) == (1, 1)
        return plain and is_supported_convolution(layer.shape, reader.shape[2], 1, reader.padding)

    def pools_at_write_back(self, layer: Layer) -> bool:
        """A pool that the KPU can do while it writes the convolution before it."""
        producer = self.steps[self.value[layer.inputs[0]]]
        alone = len(self.graph.consumers[layer.inputs[0]]) == 1
        return (
            alone
            and producer.op == KPU_CONVOLUTIONS[0]
            and not producer.pooled
            and (layer.kernel, layer.stride) in ((2, 2), (4, 4))
            and not any(layer.padding)
            and is_supported_input(producer.shape)
        )


def _convolved(shape: Shape, layer: Layer, padding: Padding) -> Shape:
    """Shape of `layer` applied to a map of `shape`."""
    top, bottom, left, right = padding
    height = (shape[0] + top + bottom - layer.kernel) // layer.stride + 1
    width = (shape[1] + left + right - layer.kernel) // layer.stride + 1
    return (height, width, layer.shape[2])
