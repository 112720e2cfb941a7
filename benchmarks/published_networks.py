"""Networks whose time on a K210 somebody published, rebuilt as layer graphs.

No constant of the cost model is fitted to them. Layers come from the published papers and, where
a vendor's kmodel is public (nncase tag v0.2.0-beta4, examples/), from what that file lists.
Many times are of older runtimes, whose work differs from that of nncase 1.9: 0.1 writes results
by DMA, 0.2 adds, pads and concatenates bytes. `predict` says so in its own terms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dse import resources
from dse.cost import Target
from dse.cost.calibration import read_measurements
from dse.cost.latency import Duration, step_time
from dse.cost.lowering import lower
from dse.cost.program import KPU_CONVOLUTIONS, Program, Step
from dse.network.graph import Graph, Layer, Shape
from dse.network.mobilenetv2 import detector_graph
from dse.space import Training

__all__ = [
    "PUBLISHED",
    "RFB_LESS_SLIM",
    "Published",
    "old_operations",
    "predict",
    "rfb_without_slim",
]


@dataclass(frozen=True)
class Published:
    """A published time of one picture, in ms.

    low_ms, high_ms: the published range; equal when one figure was given, high_ms infinite
        when only a lower bound. runtime: "0.1", "0.2" or "1.x". picture_operations: float
        operations on every number of the picture, by the CPU, before the network. missing: what
        the rules leave out.
    """

    name: str
    graph: Graph
    runtime: str
    low_ms: float
    high_ms: float
    source: str
    picture_operations: int = 0
    missing: str = ""


class Builder:
    """Appends layers to a graph; `last` is the name of the newest."""

    def __init__(self, height: int, width: int, channels: int) -> None:
        self.layers = [Layer("input", "input", (), (height, width, channels))]
        self.last = "input"

    def add(self, op: str, inputs: Sequence[str], channels: int, **values: int) -> str:
        """A layer behind `inputs`; zeros around it as its kernel needs, unless `valid`."""
        shapes = {layer.name: layer.shape for layer in self.layers}
        height, width, _ = shapes[inputs[0]]
        kernel, stride = values.get("kernel", 1), values.get("stride", 1)
        side = 0 if values.get("valid") else kernel // 2
        if op == "upsample_nearest":
            height, width = height * stride, width * stride
        else:
            height, width = ((n + 2 * side - kernel) // stride + 1 for n in (height, width))
        name = f"{op}_{len(self.layers)}"
        layer = Layer(name, op, tuple(inputs), (height, width, channels), kernel, stride)
        self.layers.append(replace(layer, padding=(side, side, side, side)))
        self.last = name
        return name

    def conv(self, channels: int, kernel: int = 1, stride: int = 1, **values: int) -> str:
        return self.add("conv", [self.last], channels, kernel=kernel, stride=stride, **values)

    def depthwise(self, stride: int = 1, kernel: int = 3, **values: int) -> str:
        values = {"kernel": kernel, "stride": stride, **values}
        return self.add("depthwise", [self.last], self.channels(self.last), **values)

    def separable(self, channels: int, stride: int = 1) -> str:
        self.depthwise(stride)
        return self.conv(channels)

    def pool(self, op: str, kernel: int, stride: int, **values: int) -> str:
        values = {"kernel": kernel, "stride": stride, "valid": 1, **values}
        return self.add(op, [self.last], self.channels(self.last), **values)

    def channels(self, name: str) -> int:
        return next(layer.shape[2] for layer in self.layers if layer.name == name)

    def graph(self, name: str, outputs: Sequence[str] = ()) -> Graph:
        return Graph(name, tuple(self.layers), tuple(outputs or [self.last]))


def face_yolo() -> Graph:
    """Sipeed's face detector, the network of thread 77 (and so of the calibration set)."""
    net = Builder(240, 320, 3)
    net.conv(16, 3)
    net.pool("maxpool", 2, 2)
    for channels, pool in ((32, True), (64, False), (64, True), (128, False), (128, True)):
        net.separable(channels)
        if pool:
            net.pool("maxpool", 2, 2)
    for channels in (256, 256, 256, 256, 256):
        net.separable(channels)
    net.conv(30)
    return net.graph("face yolov2")


def classes_yolo() -> Graph:
    """nncase's 20-class example (yolo.kmodel)."""
    net = Builder(240, 320, 3)
    net.conv(16, 3)
    net.pool("maxpool", 2, 2)
    for channels in (32, 64, 128, 256):
        net.separable(channels)
        net.pool("maxpool", 2, 2)
    for channels in (512, 1024):
        net.separable(channels)
    net.depthwise()
    for channels in (512, 125):
        net.conv(channels)
    return net.graph("20-class yolo")


def slim() -> Graph:
    """Ultra-Light-Fast-Generic-Face-Detector, version slim at 320x240, without its softmax."""
    net = Builder(240, 320, 3)
    net.conv(16, 3, 2)
    outputs: list[str] = []
    for channels, stride in ((32, 1), (32, 2), (32, 1), (64, 2), (64, 1), (64, 1), (64, 1)):
        net.separable(channels, stride)
    outputs += heads(net, (6, 12))
    for channels, stride in ((128, 2), (128, 1), (128, 1)):
        net.separable(channels, stride)
    outputs += heads(net, (4, 8))
    for channels, stride in ((256, 2), (256, 1)):
        net.separable(channels, stride)
    outputs += heads(net, (4, 8))
    net.conv(64)
    net.separable(256, 2)
    trunk = net.last
    for channels in (6, 12):
        net.last = trunk
        outputs.append(net.conv(channels, 3))
    return net.graph("slim-320", outputs)


def heads(net: Builder, channels: Sequence[int]) -> list[str]:
    """Separable convolutions for scores and for boxes; the trunk goes on in front of them."""
    trunk, outputs = net.last, []
    for count in channels:
        net.last = trunk
        outputs.append(net.separable(count))
    net.last = trunk
    return outputs


def mobilenet_v1(width: float, height: int, columns: int, classes: int) -> Graph:
    """Howard et al. (arXiv 1704.04861), table 1; the classifier on a map of 4x4."""
    net = Builder(height, columns, 3)
    net.conv(int(32 * width), 3, 2)
    strides = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
    channels = (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
    for count, stride in zip(channels, strides, strict=True):
        net.separable(int(count * width), stride)
    if classes:
        net.pool("avgpool", net.layers[-1].shape[0], 1)
        net.conv(classes)
    return net.graph(f"MobileNetV1 {width}")


def mobile_face_net() -> Graph:
    """Chen et al. (arXiv 1804.07573), table 1, with zeros on all four sides."""
    net = Builder(112, 112, 3)
    net.conv(64, 3, 2)
    net.depthwise()
    blocks = ((64, 5, 2, 2), (128, 1, 2, 4), (128, 6, 1, 2), (128, 1, 2, 4), (128, 2, 1, 2))
    for channels, repeats, first_stride, expansion in blocks:
        for index in range(repeats):
            before, stride = net.last, first_stride if index == 0 else 1
            net.conv(net.channels(before) * expansion)
            net.separable(channels, stride)
            if stride == 1 and net.channels(before) == channels:
                net.add("add", [before, net.last], channels)
    net.conv(512)
    net.depthwise(kernel=7, valid=1)
    net.conv(128)
    return net.graph("MobileFaceNet")


def digits() -> Graph:
    """The network of thread 294: three 3x3 convolutions on 28x28 pixels."""
    net = Builder(28, 28, 1)
    net.conv(32, 3, valid=1)
    net.conv(64, 3, valid=1)
    net.pool("maxpool", 4, 4)
    net.conv(10, 3, valid=1)
    net.pool("avgpool", 4, 4)
    return net.graph("digits, thread 294")


def paper(bottom_right: bool = False) -> Graph:
    """The network of arXiv 2208.11011; `bottom_right`: with TensorFlow's own padding."""
    graph = detector_graph(Training("A", 98, 0.5, 224))
    if not bottom_right:
        return graph
    layers = [
        replace(layer, padding=(0, 1, 0, 1)) if layer.stride == 2 else layer for layer in graph
    ]
    return Graph(graph.name, tuple(layers), graph.outputs)


RFB_WITHOUT_SLIM: tuple[tuple[str, tuple[int, int, int], int, int, int], ...] = (
    ("kpu_conv", (30, 40, 8), 1, 64, 3),
    ("kpu_conv", (30, 40, 16), 3, 8, 2),
    ("kpu_conv", (30, 40, 12), 3, 8, 1),
    ("kpu_conv", (30, 40, 16), 3, 12, 1),
    ("kpu_conv", (17, 22, 16), 3, 16, 4),
    ("kpu_conv", (12, 16, 16), 3, 16, 9),
    ("kpu_conv", (8, 10, 16), 3, 16, 25),
    ("kpu_conv", (30, 40, 64), 1, 48, 1),
    ("download", (30, 40, 16), 1, 0, 3),
    ("download", (17, 22, 16), 1, 0, 4),
    ("download", (12, 16, 16), 1, 0, 9),
    ("download", (8, 10, 16), 1, 0, 25),
    ("download", (30, 40, 64), 1, 0, 2),
    ("upload", (17, 22, 16), 1, 0, 4),
    ("upload", (12, 16, 16), 1, 0, 9),
    ("upload", (8, 10, 16), 1, 0, 25),
    ("upload", (30, 40, 48), 1, 0, 1),
    ("upload", (30, 40, 64), 1, 0, 3),
    ("byte_transpose", (1, 1, 142144), 1, 0, 1),
    ("copy", (1, 1, 161344), 1, 0, 1),  # eight pads
    ("dequantize", (30, 40, 16), 1, 0, 3),
    ("copy", (30, 40, 192), 1, 0, 1),  # the concatenation of 57,600 numbers of four bytes
    ("quantize", (30, 40, 48), 1, 0, 1),
    ("quantized_add", (30, 40, 64), 1, 0, 1),
)
"""What version RFB does beyond version slim: (operation, shape written, kernel, channels read,
times), as RFB-320.kmodel lists it. It stands for a separable convolution less in the trunk."""


def predict(one: Published, target: Target, old: dict[str, float]) -> Duration:
    """Time of a published network under the runtime that it was measured with."""
    if one.runtime == "0.1":
        time = _as_v01(one.graph, target)
    elif one.runtime == "0.2":
        time = _as_v02(one.graph, target, old)
    else:
        program = lower(one.graph)
        time = _sum([step_time(program, step, target) for step in program.steps])
    numbers = one.graph.input.shape[0] * one.graph.input.shape[1] * one.graph.input.shape[2]
    return _sum([time, _certain(one.picture_operations * numbers * old["reference_binary"])])


def rfb_without_slim(target: Target, old: dict[str, float]) -> Duration:
    """The difference of two versions of one detector, in which the unknown softmax cancels."""
    parts = []
    for op, shape, kernel, channels, times in RFB_WITHOUT_SLIM:
        time = _one(op, shape, target, old, kernel, channels)
        parts += [time] * times
    less = [_one("kpu_depthwise", (30, 40, 64), target, old, 3, 64)]
    less.append(_one("kpu_conv", (30, 40, 64), target, old, 1, 64))
    total, trunk = _sum(parts), _sum(less)
    return Duration(total.ms - trunk.ms, total.low_ms - trunk.low_ms, total.high_ms - trunk.high_ms)


def old_operations() -> dict[str, float]:
    """Milliseconds an element of operations that nncase 1.9 does not have, as measured."""
    times = read_measurements(resources.folder("constraints") / "k210_times.csv")
    found: dict[str, list[float]] = {}
    for one in times:
        if not one.modelled:
            found.setdefault(one.ops[-1], []).append(one.ms / one.elements)
    return {op: sum(values) / len(values) for op, values in found.items()}


def _as_v01(graph: Graph, target: Target) -> Duration:
    """Convolutions alone: 0.1 uploads by DMA, and its last layer writes by DMA."""
    return _sum(_convolutions(graph, target))


def _as_v02(graph: Graph, target: Target, old: dict[str, float]) -> Duration:
    """0.2 keeps bytes on the CPU: an addition is one loop, a pad a copy; outputs become float."""
    parts = _convolutions(graph, target)
    places: dict[str, set[str]] = {}

    def moved(name: str, op: str) -> None:
        place = "kpu" if op == "upload" else "main"
        if place not in places[name]:
            parts.append(_one(op, graph[name].shape, target, old))
            places[name].add(place)

    for layer in graph:
        for name in layer.inputs:
            moved(name, "download" if layer.op == "add" else "upload")
        places[layer.name] = {"main" if layer.op in ("add", "input") else "kpu"}
        if layer.op == "add":
            parts.append(_one("quantized_add", layer.shape, target, old))
        elif layer.stride == 2 and _odd(graph, layer):
            for op in ("download", "copy", "upload"):
                parts.append(_one(op, graph.input_shapes(layer)[0], target, old))
    for name in graph.outputs:
        moved(name, "download")
        parts.append(_one("dequantize", graph[name].shape, target, old))
    return _sum(parts)


def _odd(graph: Graph, layer: Layer) -> bool:
    """The KPU halves even maps only; others are padded."""
    height, width, _ = graph.input_shapes(layer)[0]
    return bool(height % 2 or width % 2)


def _convolutions(graph: Graph, target: Target) -> list[Duration]:
    """Times of the KPU convolutions, without those that 1.9 makes of additions."""
    program = lower(graph)
    return [
        step_time(program, step, target)
        for step in program.steps
        if step.op in KPU_CONVOLUTIONS and graph[step.layer].op != "add"
    ]


def _one(
    op: str, shape: Shape, target: Target, old: dict[str, float], kernel: int = 1, channels: int = 0
) -> Duration:
    """Time of one operation that writes `shape`, of this runtime or of an old one."""
    height, width, written = shape
    if op in old:
        return _certain(old[op] * height * width * written)
    source = Step("input", "", (), (height, width, channels))
    step = Step(op, "", (0,), shape, 1, kernel, channels)
    return step_time(Program((source, step), (1,)), step, target)


def _certain(ms: float) -> Duration:
    return Duration(ms, ms, ms)


def _sum(times: Sequence[Duration]) -> Duration:
    return Duration(
        sum(time.ms for time in times),
        sum(time.low_ms for time in times),
        sum(time.high_ms for time in times),
    )


EIGHT_FPS = "arXiv 2208.11011: 8 frames a second, whatever they contain"

PUBLISHED = (
    Published("face yolov2", face_yolo(), "0.1", 12.732, 12.732, "thread 77; calibration set"),
    Published("20-class yolo", classes_yolo(), "0.1", 0, 51.3, "aXeleRate 4: 19.5 fps with camera"),
    Published(
        "MobileNetV1 0.75", mobilenet_v1(0.75, 224, 224, 1000), "0.1", 37, 37,
        "en.bbs.sipeed.com topic 1790", missing="global pool, softmax",
    ),
    Published(
        "slim-320", slim(), "0.2", 60, 67, "threads 81, 83; nncase examples: 65.6",
        missing="permutations, softmax of 8,840 numbers",
    ),
    Published("MobileFaceNet", mobile_face_net(), "0.2", 150, 150, "thread 594"),
    Published(
        "MobileFaceNet", mobile_face_net(), "1.x", 400, 400, "thread 594; nncase 1.6",
        picture_operations=2, missing="transpositions that 1.6 adds",
    ),
    Published("digits", digits(), "1.x", 129, 129, "thread 294; nncase 1.0", missing="softmax"),
    Published("paper, exported by dse", paper(), "1.x", 125, 125, EIGHT_FPS),
    Published("paper, TensorFlow padding", paper(bottom_right=True), "1.x", 125, 125, EIGHT_FPS),
    Published("paper, runtime 0.2", paper(), "0.2", 125, 125, EIGHT_FPS),
)  # fmt: skip

RFB_LESS_SLIM = Published(
    "RFB-320 less slim-320", slim(), "0.2", 99.2, 99.2, "nncase examples: 164.8 and 65.6 ms"
)
"""Its graph is that of the smaller one; `rfb_without_slim` has the difference."""
