"""Networks drawn at random: what the cost model is compared with the compiler on.

Four families: MobileNetV2 detectors of any width and picture shape, plain stacks of
layers, residual networks, and networks with branches that meet again.
"""

from __future__ import annotations

import random
from dataclasses import replace

from dse.network.graph import Graph, Layer, Padding, Shape
from dse.network.mobilenetv2 import backbone_graph

__all__ = ["FAMILIES", "draw_network"]

LARGEST_MACS = 150_000_000
"""The compiler runs the calibration picture through the network: larger ones take minutes."""

ACTIVATIONS = {"relu6": 8, "relu": 7, "linear": 2, "leaky": 2, "sigmoid": 1}
"""Functions after a layer, and how often each is drawn."""


def draw_network(family: str, seed: int) -> Graph:
    """The network of `family` that `seed` stands for; always the same one."""
    generator = random.Random(f"{family}-{seed}")
    while True:
        graph = FAMILIES[family](generator, f"{family}-{seed}")
        if graph.macs <= LARGEST_MACS:
            return graph


def _mobilenet(generator: random.Random, name: str) -> Graph:
    """MobileNetV2 of any width up to any block, pictures of any shape, one 1x1 head."""
    height = generator.randint(33, 330)
    columns = height if generator.random() < 0.3 else generator.randint(33, 330)
    backbone = backbone_graph(round(generator.uniform(0.15, 1.15), 2), height, columns)
    ends = [i for i, layer in enumerate(backbone) if i > 8 and layer.op != "input"]
    end = generator.choice(ends)
    if generator.random() < 0.6:
        names = [layer.name for layer in backbone]
        end = names.index(generator.choice(("block_13_expand", "Conv_1")))
    layers = backbone.layers[: end + 1]
    last = layers[-1]
    shape = (*last.shape[:2], generator.randint(5, 130))
    head = Layer("head", "conv", (last.name,), shape, bias=True)
    return Graph(name, (*layers, head), ("head",))


def _plain(generator: random.Random, name: str) -> Graph:
    """One layer after the other."""
    net = _Network(generator, name)
    for _ in range(generator.randint(2, 12)):
        net.anything()
    return net.finished()


def _residual(generator: random.Random, name: str) -> Graph:
    """Blocks whose input is added to their output, between layers that change the shape."""
    net = _Network(generator, name)
    net.convolution(channels=generator.choice((8, 12, 16, 24, 32)), stride=generator.choice((1, 2)))
    for _ in range(generator.randint(1, 5)):
        if generator.random() < 0.6:
            net.anything()
        generator.choice((net.basic_block, net.inverted_block))()
    return net.finished()


def _branched(generator: random.Random, name: str) -> Graph:
    """Paths that part and are concatenated, some up-sampled; sometimes two outputs."""
    net = _Network(generator, name)
    net.convolution(stride=2)
    for _ in range(generator.randint(1, 3)):
        if generator.random() < 0.5:
            net.anything()
        generator.choice((net.parallel_block, net.pyramid_block))()
    if generator.random() < 0.3:
        net.second_output()
    return net.finished()


FAMILIES = {
    "mobilenet": _mobilenet,
    "plain": _plain,
    "residual": _residual,
    "branched": _branched,
}


class _Network:
    """A graph under construction; each method adds to its last layer."""

    def __init__(self, generator: random.Random, name: str) -> None:
        self.random = generator
        self.name = name
        height = generator.randint(16, 260)
        columns = height if generator.random() < 0.3 else generator.randint(16, 330)
        channels = generator.choice((3, 3, 3, 1))
        self.layers = [Layer("input", "input", (), (height, columns, channels))]
        self.outputs: list[str] = []

    @property
    def last(self) -> Layer:
        return self.layers[-1]

    def finished(self) -> Graph:
        """The graph, with a 1x1 convolution as its last layer."""
        self.add("conv", channels=self.random.randint(4, 80), activation="linear", bias=True)
        return Graph(self.name, tuple(self.layers), (*self.outputs, self.last.name))

    def add(self, op: str, **values: object) -> Layer:
        """A layer that reads the last one (or `inputs`); its shape follows."""
        channels = values.pop("channels", 0)
        layer = Layer(f"{op}_{len(self.layers)}", op, (self.last.name,), self.last.shape)
        layer = replace(layer, **values)  # type: ignore[arg-type]
        source = next(one.shape for one in self.layers if one.name == layer.inputs[0])
        if op in ("conv", "depthwise", "maxpool", "avgpool"):
            shape = _windowed(source, layer)
            layer = replace(layer, shape=(*shape, int(channels) or source[2]))  # type: ignore[call-overload]
        self.layers.append(layer)
        return layer

    def anything(self) -> None:
        """One layer of a kind drawn at random."""
        kinds = (
            (self.convolution, 5), (self.separable, 5), (self.pointwise, 2), (self.depthwise, 1),
            (self.pool, 2), (self.large_filter, 0.5),
        )  # fmt: skip
        chosen = self.random.choices([kind for kind, _ in kinds], [share for _, share in kinds])
        chosen[0]()

    def channels(self) -> int:
        """Mostly a multiple of eight."""
        if self.random.random() < 0.3:
            return self.random.randint(1, 100)
        return 8 * self.random.choice((1, 1, 2, 2, 3, 4, 6, 8, 12, 16, 24))

    def activation(self) -> str:
        return self.random.choices(list(ACTIVATIONS), list(ACTIVATIONS.values()))[0]

    def padding(self, kernel: int, stride: int) -> Padding:
        """Symmetric, TensorFlow's own, or none; never so little that nothing is left."""
        height, width, _ = self.last.shape
        half = kernel // 2
        kind = self.random.choices(("symmetric", "same", "none"), (6, 3, 1))[0]
        if kind == "same":
            return (*_same(height, kernel, stride), *_same(width, kernel, stride))
        if kind == "none" and min(height, width) >= kernel:
            return (0, 0, 0, 0)
        return (half, half, half, half)

    def convolution(self, channels: int = 0, stride: int = 0) -> None:
        stride = stride or self.random.choice((1, 1, 2))
        padding = self.padding(3, stride)
        self.add(
            "conv", kernel=3, stride=stride, padding=padding, channels=channels or self.channels(),
            activation=self.activation(), bias=True,
        )  # fmt: skip

    def pointwise(self) -> None:
        stride = 2 if self.random.random() < 0.1 else 1
        activation = self.activation()
        self.add("conv", channels=self.channels(), stride=stride, activation=activation, bias=True)

    def depthwise(self) -> None:
        stride = self.random.choice((1, 1, 2))
        padding = self.padding(3, stride)
        activation = self.activation()
        self.add(
            "depthwise", kernel=3, stride=stride, padding=padding, activation=activation, bias=True
        )

    def separable(self) -> None:
        """A depthwise convolution and the 1x1 one that mixes its channels."""
        self.depthwise()
        self.add("conv", channels=self.channels(), activation=self.activation(), bias=True)

    def large_filter(self) -> None:
        self.add(
            "conv", kernel=5, padding=(2, 2, 2, 2), channels=self.random.randint(4, 24),
            activation=self.activation(), bias=True,
        )  # fmt: skip

    def pool(self) -> None:
        if min(self.last.shape[:2]) >= 2:
            self.add(self.random.choice(("maxpool", "avgpool")), kernel=2, stride=2)

    def basic_block(self) -> None:
        """Two 3x3 convolutions around which the input goes."""
        before = self.last
        for activation in ("relu", "linear"):
            self.add(
                "conv", kernel=3, padding=(1, 1, 1, 1), channels=before.shape[2],
                activation=activation, bias=True,
            )  # fmt: skip
        self.add(
            "add",
            inputs=(before.name, self.last.name),
            activation=self.random.choice(("relu", "linear")),
        )

    def inverted_block(self) -> None:
        """MobileNetV2's block with a stride of one."""
        before = self.last
        wide = before.shape[2] * self.random.choice((2, 3, 6))
        self.add("conv", channels=wide, activation="relu6", bias=True)
        self.add("depthwise", kernel=3, padding=(1, 1, 1, 1), activation="relu6", bias=True)
        self.add("conv", channels=before.shape[2], bias=True)
        self.add("add", inputs=(before.name, self.last.name))

    def parallel_block(self) -> None:
        """Two convolutions of the same input, side by side."""
        before = self.last
        ends = []
        for _ in range(2):
            kernel = self.random.choice((1, 3))
            ends.append(
                self.add(
                    "conv", inputs=(before.name,), kernel=kernel, padding=(kernel // 2,) * 4,
                    channels=self.channels(), activation=self.activation(), bias=True,
                )
            )  # fmt: skip
        self.joined(*ends)

    def pyramid_block(self) -> None:
        """A fine map, and beside it a coarse one that is up-sampled."""
        fine = self.last
        height, width, _ = fine.shape
        if height % 2 or width % 2 or min(height, width) < 8:
            return self.parallel_block()
        self.add(
            "conv", kernel=3, stride=2, padding=(1, 1, 1, 1), channels=self.channels(),
            activation="relu6", bias=True,
        )  # fmt: skip
        kind = self.random.choice(("upsample", "upsample_nearest"))
        shape = (height, width, self.last.shape[2])
        self.joined(fine, self.add(kind, stride=2, shape=shape))
        return None

    def joined(self, *ends: Layer) -> None:
        height, width, _ = ends[0].shape
        shape = (height, width, sum(end.shape[2] for end in ends))
        self.add("concat", inputs=tuple(end.name for end in ends), shape=shape)

    def second_output(self) -> None:
        before = self.last
        self.outputs.append(self.add("conv", channels=self.random.randint(4, 40), bias=True).name)
        self.add("conv", inputs=(before.name,), channels=self.channels(), bias=True)


def _windowed(source: Shape, layer: Layer) -> tuple[int, int]:
    """Height and width of what a window of `layer` makes of `source`."""
    top, bottom, left, right = layer.padding
    height = (source[0] + top + bottom - layer.kernel) // layer.stride + 1
    width = (source[1] + left + right - layer.kernel) // layer.stride + 1
    return height, width


def _same(side: int, kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow's SAME padding of one side."""
    total = max(0, (-(-side // stride) - 1) * stride + kernel - side)
    return total // 2, total - total // 2
