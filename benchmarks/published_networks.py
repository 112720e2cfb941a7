"""Networks whose time on a K210 somebody published, rebuilt as layer graphs.

No constant of the cost model is fitted to them, except that face yolov2's layers are among the
measured ones and that "digits" set the upper end of the band for pooling. Layers come from the
published papers and, where a vendor's kmodel is public (nncase tag v0.2.0-beta4, examples/), from
what that file lists. Threads are nncase's unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dse.network.detector import detector_graph
from dse.network.graph import Graph, Layer
from dse.space import Training

__all__ = ["PUBLISHED", "RFB_LESS_SLIM", "Published"]


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
"""Its graph is that of the smaller one; `old_runtimes.rfb_without_slim` has the difference."""
