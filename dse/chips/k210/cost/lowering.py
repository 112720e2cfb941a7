"""A layer graph as nncase 1.9 lowers it for the K210: what runs where, and in which order.

The layers become nodes (`rewriting`), the compiler's passes rewrite them (`passes`), and
what is left becomes steps, which `transfers` connects across KPU and CPU. What comes of it:

* a convolution of stride 2 runs at full resolution and keeps every second pixel while it
  writes; a depthwise one cannot, and leaves that to the 1x1 convolution after it, or else
  to the CPU;
* the KPU pads one zero on all sides; any other padding is a float32 `pad` on the CPU, and so
  is the line that makes an odd map even in front of a stride;
* maps under 4x4 are padded to 4x4 on the CPU, and cropped;
* an addition is a float32 concatenation and a 1x1 convolution;
* what the KPU refuses (`kpu_rules`) runs in float32 on the CPU.
"""

from __future__ import annotations

from dse.chips.k210.cost.kpu_rules import is_supported_pool
from dse.chips.k210.cost.passes import run_passes
from dse.chips.k210.cost.program import Program, Step
from dse.chips.k210.cost.rewriting import Node, Web
from dse.chips.k210.cost.transfers import connect
from dse.network.graph import CONVOLUTIONS, Graph, Layer

__all__ = ["lower", "lower_for_cpu"]

CLAMPS = ("linear", "relu", "relu6", "relu1")
UNARIES = ("leaky", "sigmoid", "tanh")


def lower(
    graph: Graph, interleaved: bool = False, otherwise: frozenset[str] = frozenset()
) -> Program:
    """The program of `graph`: steps in order of execution.

    interleaved: pictures and maps are stored (height, width, channels), so that the CPU
    transposes them; otherwise planes of channels, which is what the chip's camera port writes.
    otherwise: layers of `Program.range_dependent` whose calibration comes out the unlikely way.
    """
    if graph.operators is not None:
        from dse.chips.k210.ir.operator_lowering import lower_operators

        return lower_operators(graph.name, graph.operators, interleaved, otherwise)
    web = _Importer(graph).run()
    run_passes(web)
    steps, outputs = _steps(web)
    return connect(steps, outputs, interleaved, otherwise)


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
    if layer.op in ("concat", "add"):
        first, *others = (shape[:2] for shape in graph.input_shapes(layer))
        if any(sides != first for sides in others):
            return f"{layer.op} of unequal maps"
    return layer.op


class _Importer:
    """The layers as nodes, as the compiler's TensorFlow-Lite importer makes them."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.web = Web()
        self.nodes: dict[str, Node] = {}

    def run(self) -> Web:
        for place, layer in enumerate(self.graph):
            self.nodes[layer.name] = self.activated(layer, self.node(layer, place))
        for name in self.graph.outputs:
            end = self.nodes[name]
            node = Node("output", end.layer, len(self.nodes), [end], end.shape)
            self.web.outputs.append(self.web.add(node))
        return self.web

    def node(self, layer: Layer, place: int) -> Node:
        """What computes `layer`, its activation left out."""
        inputs = [self.nodes[name] for name in layer.inputs]
        if layer.op not in CONVOLUTIONS:
            op, depthwise = _cpu_op(self.graph, layer), False
        else:
            channels = (layer.shape[2], self.graph.input_shapes(layer)[0][2])
            op, depthwise = "conv", layer.op == "depthwise" or channels == (1, 1)
        node = Node(
            op, layer.name, place, inputs, layer.shape, layer.kernel, layer.stride,
            layer.padding, depthwise=depthwise,
        )  # fmt: skip
        return self.web.add(node)

    def activated(self, layer: Layer, node: Node) -> Node:
        """A clamp belongs to its layer; any other function is an operation of its own."""
        if layer.activation in CLAMPS:
            return node
        known = layer.activation in UNARIES
        return self.web.follow(node, "unary" if known else layer.activation, [node], node.shape)


def _steps(web: Web) -> tuple[list[Step], list[int]]:
    """The rewritten nodes as steps, and which of them are outputs."""
    place: dict[Node, int] = {}
    steps: list[Step] = []
    for node in web.in_order():
        if _joins(node):
            producer = place[node.source]
            pooled = steps[producer].pooled or node.op != "unary"
            steps[producer] = steps[producer]._replace(shape=node.shape, pooled=pooled)
            place[node] = producer
        elif node.op == "output":
            place[node] = place[node.source]
        else:
            place[node] = len(steps)
            steps.append(_step(node, tuple(place[source] for source in node.inputs)))
    return steps, [place[node] for node in web.outputs]


def _step(node: Node, inputs: tuple[int, ...]) -> Step:
    channels = node.source.shape[2] if node.op in ("conv", "kpu_conv") else 0
    op, size = node.op, 4
    if node.depthwise:
        op = {"conv": "depthwise", "kpu_conv": "kpu_depthwise"}[op]
    if node.op in ("input", "kpu_conv"):
        size = 1
    elif node.op == "unary":
        op, size = "lookup", 1
    elif node.op == "slice" and node.stride == 1:
        op = "crop"
    return Step(op, node.layer, inputs, node.shape, size, node.kernel, channels, node.pooled)


def _joins(node: Node) -> bool:
    """A function or a pool that the KPU does while it writes the convolution before it."""
    if not node.inputs or len(node.source.users) != 1:
        return False
    producer = node.source
    if node.op == "unary":
        return producer.op == "kpu_conv"
    while producer.op == "unary" and _joins(producer):
        producer = producer.source
    return (
        node.op in ("maxpool", "avgpool")
        and producer.op == "kpu_conv"
        and not producer.depthwise
        and not producer.pooled
        and is_supported_pool(node.source.shape, node.kernel, node.stride, node.padding)
    )
