"""What makes networks dear on a K210, and the same network without it.

Each cure finds its cause in a layer graph and says which layers it is, and what the graph is like
when it is gone. Whether that helps is for the cost model to say. A changed network has to be
trained again, or fine-tuned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from dse.network.graph import CONVOLUTIONS, Graph, Layer
from dse.network.graph_changes import reshaped, used, with_layers, without

__all__ = ["CURES", "Cure", "Cured"]

POOLS = ("maxpool", "avgpool")
RESIZES = ("upsample", "upsample_nearest", "resize_bilinear", "resize_nearest_neighbor")
SCALES = ("unary", "arithmetic", "add", "sub", "mul", "div")
"""What a normalisation is made of: each with constants."""

LINE = 64
"""Pixels that the CPU copies to the accelerator's memory as they lie; other widths it copies one
by one."""

ANCHORS_AND_FIELDS = 30
"""Channels of a head of 5 anchors, each with 5 numbers and one class, as YOLOv2's."""

MANY_CHANNELS = 2 * ANCHORS_AND_FIELDS

LARGE_FLATTENED = 2
"""Pixels of a map from which on a dense layer behind it is dearer than one behind its mean."""


class Cured(NamedTuple):
    """layers: where the cause is. graph: the network without it. keras, pytorch: a line of each."""

    layers: tuple[str, ...]
    graph: Graph
    keras: str
    pytorch: str


@dataclass(frozen=True)
class Cure:
    """cause: a stable key. why: in words. apply: None where the cause is not there."""

    cause: str
    why: str
    apply: Callable[[Graph], Cured | None]


def _padding(graph: Graph) -> Cured | None:
    changed = {}
    for layer in graph:
        top, bottom, left, right = layer.padding
        if layer.op in CONVOLUTIONS and layer.stride == 2 and (top < bottom or left < right):
            candidate = replace(layer, padding=(bottom, bottom, right, right))
            if _writes_as_much(graph, candidate):
                changed[layer.name] = candidate
    if not changed:
        return None
    kernel = next(iter(changed.values())).kernel
    around = kernel // 2
    return Cured(
        tuple(changed),
        with_layers(graph, changed),
        f'x = ZeroPadding2D({around})(x); x = Conv2D(n, {kernel}, strides=2, padding="valid")(x)',
        f"nn.Conv2d(c, n, {kernel}, stride=2, padding={around})  # and no F.pad(x, (0, 1, 0, 1))",
    )


def _writes_as_much(graph: Graph, layer: Layer) -> bool:
    """`layer`, padded otherwise, writes a map of the same size as before."""
    height, width, _ = graph.input_shapes(layer)[0]
    top, bottom, left, right = layer.padding
    sides = (height + top + bottom, width + left + right)
    return layer.shape[:2] == tuple((n - layer.kernel) // layer.stride + 1 for n in sides)


def _normalisation(graph: Graph) -> Cured | None:
    """Element by element, on nothing but the picture."""
    gone: dict[str, str] = {}
    for layer in graph:
        if layer.op in SCALES and len(layer.inputs) == 1:
            source = gone.get(layer.inputs[0], layer.inputs[0])
            if graph[source].op == "input":
                gone[layer.name] = source
    if not gone or set(graph.outputs) & set(gone):
        return None
    return Cured(
        tuple(gone),
        without(graph, gone),
        "export keras.Model(rescaling.output, model.output): without Rescaling or Normalization, "
        "whose scale the compiler is told, or the first convolution takes over",
        "no (x - mean) / std in forward(): fold it into the first convolution's weights",
    )


def _resizing(graph: Graph) -> Cured | None:
    for layer in graph:
        resizes = layer.op in RESIZES or layer.op.startswith("resize_")
        if resizes and graph[layer.inputs[0]].op == "input":
            picture = replace(graph[layer.inputs[0]], shape=layer.shape)
            smaller = with_layers(without(graph, {layer.name: picture.name}),
                                  {picture.name: picture})  # fmt: skip
            height, width, channels = layer.shape
            return Cured(
                (layer.name,),
                smaller,
                f"Input(({height}, {width}, {channels})) without Resizing: the camera crops to it",
                f"torch.randn(1, {channels}, {height}, {width}) to export, and no F.interpolate "
                "of the picture in forward()",
            )
    return None


def _wider(graph: Graph) -> Cured | None:
    return _of_width(graph, -(-graph.input.shape[1] // LINE) * LINE)


def _narrower(graph: Graph) -> Cured | None:
    return _of_width(graph, graph.input.shape[1] // LINE * LINE)


def _of_width(graph: Graph, width: int) -> Cured | None:
    height, now, channels = graph.input.shape
    other = reshaped(graph, (height, width, channels)) if width not in (0, now) else None
    if other is None:
        return None
    return Cured(
        (graph.input.name,),
        other,
        f"Input(({height}, {width}, {channels}))",
        f"torch.randn(1, {channels}, {height}, {width}) as the example input of the export",
    )


def _activation(graph: Graph) -> Cured | None:
    """A function of a pooled map, which nobody else reads, moved in front of the pool."""
    gone, changed = {}, {}
    for layer in graph:
        pool = graph[layer.inputs[0]] if layer.op == "unary" else layer
        if layer.op != "unary" or pool.op not in POOLS or len(graph.consumers[pool.name]) > 1:
            continue
        source = graph[pool.inputs[0]]
        if source.op == "conv" and source.activation == "linear" \
                and len(graph.consumers[source.name]) == 1:  # fmt: skip
            changed[source.name] = replace(source, activation="leaky")
            gone[layer.name] = pool.name
    if not gone:
        return None
    return Cured(
        tuple(gone),
        without(with_layers(graph, changed), gone),
        "x = MaxPooling2D(2)(LeakyReLU(0.1)(Conv2D(...)(x))): first the activation, then the pool",
        "F.max_pool2d(F.leaky_relu(self.conv(x), 0.1), 2)",
    )


def _additions(graph: Graph) -> Cured | None:
    """Without the shortcut; an activation of the sum becomes the block's."""
    gone, changed = {}, {}
    for layer in graph:
        if layer.op != "add":
            continue
        block = graph[layer.inputs[_branch(graph, layer)]]
        if layer.activation != "linear":
            if block.op not in CONVOLUTIONS or block.activation != "linear":
                continue
            changed[block.name] = replace(block, activation=layer.activation)
        gone[layer.name] = block.name
    if not gone:
        return None
    return Cured(
        tuple(gone),
        used(without(with_layers(graph, changed), gone)),
        "x = block(x) instead of x = Add()([x, block(x)])",
        "return self.block(x) instead of x + self.block(x)",
    )


def _branch(graph: Graph, addition: Layer) -> int:
    """Which input of an addition was computed last: the block's, not the shortcut."""
    order = {layer.name: number for number, layer in enumerate(graph)}
    return max(range(len(addition.inputs)), key=lambda index: order[addition.inputs[index]])


def _head(graph: Graph) -> Cured | None:
    changed = {
        layer.name: replace(layer, shape=(*layer.shape[:2], ANCHORS_AND_FIELDS))
        for layer in graph
        if layer.name in graph.outputs and layer.op == "conv" and layer.shape[:2] != (1, 1)
        and layer.shape[2] >= MANY_CHANNELS
    }  # fmt: skip
    if not changed:
        return None
    channels = f"{ANCHORS_AND_FIELDS} = 5 anchors * (5 + 1 class)"
    return Cured(
        tuple(changed),
        with_layers(graph, changed),
        f"Conv2D({ANCHORS_AND_FIELDS}, 1)  # {channels}",
        f"nn.Conv2d(c, {ANCHORS_AND_FIELDS}, 1)  # {channels}",
    )


def _dense(graph: Graph) -> Cured | None:
    """The first dense layer behind a flattened map, behind the mean of each channel instead."""
    for flat, dense in _flattened(graph):
        source = graph[flat.inputs[0]]
        channels, numbers = source.shape[2], dense.shape[2]
        mean = Layer(flat.name, "mean", flat.inputs, (1, 1, channels))
        row = Layer(dense.name, "conv", (flat.name,), (1, 1, numbers),
                    activation=dense.activation, bias=True)  # fmt: skip
        layers = []
        for layer in graph:
            layers.append({flat.name: mean, dense.name: row}.get(layer.name, layer))
            if layer.name == dense.name:
                layers.append(Layer(f"{dense.name}_row", "flatten", (dense.name,), row.shape))
        renamed = {dense.name: f"{dense.name}_row"}
        read = [_reading(layer, renamed, but=f"{dense.name}_row") for layer in layers]
        outputs = tuple(renamed.get(name, name) for name in graph.outputs)
        return Cured(
            (dense.name,),
            Graph(graph.name, tuple(read), outputs),
            "x = GlobalAveragePooling2D()(x) instead of Flatten()(x)",
            "x = x.mean((2, 3)) instead of torch.flatten(x, 1)",
        )
    return None


def _reading(layer: Layer, renamed: dict[str, str], but: str) -> Layer:
    if layer.name == but:
        return layer
    return replace(layer, inputs=tuple(renamed.get(name, name) for name in layer.inputs))


def _flattened(graph: Graph) -> Iterator[tuple[Layer, Layer]]:
    """A reshape of a map of several pixels, and the dense layer that reads it."""
    for layer in graph:
        if layer.op != "conv" or graph[layer.inputs[0]].op != "reshape":
            continue
        flat = graph[layer.inputs[0]]
        height, width, _ = graph.input_shapes(flat)[0]
        if height * width >= LARGE_FLATTENED:
            yield flat, layer


WIDTH = f"the input's width is no multiple of {LINE}: the CPU copies the picture pixel by pixel"

CURES = (
    Cure(
        "one_sided_padding",
        "TensorFlow pads strided convolutions at the bottom right alone: the accelerator pads all "
        "sides, so the CPU pads the whole map in float32",
        _padding,
    ),
    Cure(
        "activation_behind_pool",
        "an activation stands behind a pool, where the accelerator computes none",
        _activation,
    ),
    Cure("normalisation", "the picture is normalised in the network, by the CPU", _normalisation),
    Cure("resizing", "the picture is resized in the network, by the CPU", _resizing),
    Cure(
        "flattened_dense",
        "a dense layer reads a flattened map: its weights stay in float32, the CPU multiplies",
        _dense,
    ),
    Cure(
        "additions",
        "maps are added: the accelerator has no adder, so that they leave it and come back",
        _additions,
    ),
    Cure(
        "head_channels",
        "the head has many channels, each of which the CPU converts to float32",
        _head,
    ),
    Cure("input_width", WIDTH, _wider),
    Cure("input_width", WIDTH, _narrower),
)
"""What mostly gains most stands first. Of one cause the first that gains something counts."""
