"""Nodes as steps: what each writes, and the bytes of code and constants that it takes.

Source: nncase v1.9.0, src/codegen/stackvm/ops/*.cpp: an instruction of the CPU's stack machine is
five bytes for a number, seven for an address, three for a shape beside its numbers, and the
operation's own, as `include/nncase/runtime/stackvm/opcode.h` lays it out.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from dse.chips.k210.cost.ordering import depth_first
from dse.chips.k210.cost.program import Step
from dse.chips.k210.ir.accelerator import map_shape
from dse.chips.k210.ir.buffers import is_view
from dse.chips.k210.ir.net import Net, Node

__all__ = ["steps_of", "without_code"]

NUMBER, ADDRESS, SHAPE = 5, 7, 3
PADDING = 3 * NUMBER
"""Before, after, between."""

LOOKUP_TABLE_BYTES = 256
ALIGNMENT_BYTES = 8

ON_KPU = {"upload": "upload", "download": "download"}
STEP_OPS = {
    "input": "input", "dequantize": "dequantize", "quantize": "quantize", "pad": "pad",
    "transpose": "transpose", "concat": "concat", "copy": "copy", "bitcast": "bitcast",
    "lookup": "lookup", "binary": "arithmetic", "reduce": "mean", "softmax": "softmax",
    "matmul": "matmul", "broadcast": "copy", "reduce_arg": "mean",
}  # fmt: skip
"""Names of steps, where the node's values do not matter."""


def steps_of(net: Net, calls: dict[Node, int]) -> tuple[list[Step], list[int], list[list[int]]]:
    """The nodes as steps, each after what it reads; which of them are outputs; and the steps of
    each call of the KPU in their order. calls: the call of a node in one.
    """
    place: dict[Node, int] = {}
    steps: list[Step] = []
    written: set[Node] = set()
    for node in net.in_order():
        if node.op == "constant":
            continue
        if node.op == "output":
            place[node] = place[node.source]
            continue
        place[node] = len(steps)
        inputs = tuple(place[source] for source in node.inputs if source.op != "constant")
        step = _step(node, inputs)._replace(own_bytes=constant_bytes(node, written))
        if node in calls and node.op == "copy":
            step = step._replace(op="kpu_copy", code_bytes=0)
        steps.append(step)
    return steps, [place[node] for node in net.outputs], _inner_orders(calls, place)


def _inner_orders(calls: dict[Node, int], place: dict[Node, int]) -> list[list[int]]:
    """The steps of each call: depth first from its results, in the order of `calls`."""
    ends: dict[int, list[Node]] = {}
    for node, call in calls.items():
        if any(calls.get(user) != call for user in node.users):
            ends.setdefault(call, []).append(node)

    def inside(node: Node) -> list[Node]:
        return [source for source in node.inputs if calls.get(source) == calls[node]]

    return [[place[node] for node in depth_first(some, inside)] for some in ends.values()]


def without_code(net: Net) -> list[Node]:
    """Operations that the compiler cannot emit, although it imported them."""
    known = (*STEP_OPS, *ON_KPU, "output", "constant", "conv", "kpu_conv2d", "pool", "resize",
             "slice")  # fmt: skip
    return [node for node in net.in_order() if node.op not in known]


def _step(node: Node, inputs: tuple[int, ...]) -> Step:
    shape = map_shape(node) if len(node.shape) == 4 else (1, 1, math.prod(node.shape))
    if len(node.shape) == 4 and node.shape[0] != 1:
        shape = (shape[0] * node.shape[0], shape[1], shape[2])
    kernel, channels = 1, 0
    if node.op in ("conv", "kpu_conv2d"):
        size = node["kernel"]
        kernel = size if isinstance(size, int) else max(size)
        channels = node.source.shape[1]
    elif node.op == "pool":
        kernel = max(node["kernel"])
    return Step(
        _name(node), node.layer, inputs, shape, node.item_bytes, kernel, channels,
        bool(node.values.get("pooled", False)), len(node.shape), code_bytes(node),
    )  # fmt: skip


def _name(node: Node) -> str:
    if node.op == "kpu_conv2d":
        return "kpu_depthwise" if node["depthwise"] else "kpu_conv"
    if node.op == "conv":
        return "conv" if node["groups"] == 1 else "depthwise"
    if node.op == "pool":
        return "maxpool" if node["kind"] == "max" else "avgpool"
    if node.op == "resize":
        return str(node["kind"])
    if node.op == "slice":
        return "crop" if is_view(node) else "slice"
    return ON_KPU.get(node.op) or STEP_OPS[node.op]


def constant_bytes(node: Node, written: set[Node]) -> int:
    """Constants of an operation of the CPU, each at a multiple of eight bytes, and once in a file.

    written: those that are there, to which these are added.
    """
    if node.op in ("kpu_conv2d", *ON_KPU):
        return 0
    if node.op == "lookup":
        return LOOKUP_TABLE_BYTES
    read = {source for source in node.inputs if source.op == "constant"} - written
    written |= read
    sizes = (4 * math.prod(constant.shape) for constant in read)
    return sum(-(-size // ALIGNMENT_BYTES) * ALIGNMENT_BYTES for size in sizes)


def code_bytes(node: Node) -> int:
    """Bytes of the instructions of one operation of the CPU."""
    if node.op in ("kpu_conv2d", "input", *ON_KPU) or is_view(node):
        return 0
    tensors = len(node.inputs) + 1 + (node.op == "lookup")  # (its table)
    return tensors * ADDRESS + CODE[node.op](node)


def _shapes(*ranks: int) -> int:
    return sum(NUMBER * rank + SHAPE for rank in ranks)


def _ranks(node: Node) -> tuple[int, int]:
    return len(node.source.shape), len(node.shape)


def _plain(own: int, numbers: int = 0) -> Callable[[Node], int]:
    """Shape and strides of what it reads, strides of what it writes."""

    def size(node: Node) -> int:
        before, after = _ranks(node)
        return _shapes(before, before, after) + NUMBER * numbers + own

    return size


def _binary(node: Node) -> int:
    one, other = (len(source.shape) for source in node.inputs)
    return _shapes(one, one, other, other, len(node.shape), len(node.shape)) + 19


def _convolution(node: Node) -> int:
    return 2 * PADDING + _shapes(4, 4, 4, 4, 1, 4) + 28


def _matmul(node: Node) -> int:
    one, other = (len(source.shape) for source in node.inputs[:2])
    return _shapes(one, one, other, other, len(node.shape), len(node.shape)) + 17


def _pad(node: Node) -> int:
    rank = len(node.shape)
    return NUMBER + _shapes(rank, rank, rank) + PADDING * rank + SHAPE + 9


def _slice(node: Node) -> int:
    before, after = _ranks(node)
    return _shapes(before, before, after, before, before, before) + 10


def _reduce(node: Node) -> int:
    before, after = _ranks(node)
    return NUMBER + _shapes(before, before, after, len(node["axes"])) + 10


def _reduce_arg(node: Node) -> int:
    before, after = _ranks(node)
    return _shapes(before, before, after, 1) + 12


def _transpose(node: Node) -> int:
    rank = len(node.shape)
    return _shapes(rank, rank, rank, rank) + 8


def _broadcast(node: Node) -> int:
    before, after = _ranks(node)
    return _shapes(before, before, after, after) + 8


CODE: dict[str, Callable[[Node], int]] = {
    "dequantize": _plain(8, 2),
    "quantize": _plain(8, 2),
    "copy": _plain(7),
    "pad": _pad,
    "slice": _slice,
    "pool": _plain(28, 7),
    "lookup": _plain(9, 2),
    "binary": _binary,
    "transpose": _transpose,
    "resize": _plain(10, 2),
    "conv": _convolution,
    "matmul": _matmul,
    "reduce": _reduce,
    "reduce_arg": _reduce_arg,
    "softmax": _plain(15),
    "broadcast": _broadcast,
}
"""Beside the addresses."""
