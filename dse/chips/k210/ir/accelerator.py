"""What goes to the KPU: convolutions as it computes them, strides as it takes them, additions.

Source: nncase v1.9.0, modules/k210/src/transforms/k210/{fake_kpu_conv2d, strided_slice_motion,
fused_unary_motion}.cpp, src/transforms/neutral/{add_to_conv2d, eliminate_dilated_conv2d}.cpp; each
rule has the name of its class. What the KPU supports stands in `cost.kpu_rules`.
"""

from __future__ import annotations

from dse.chips.k210.cost.kpu_rules import KERNELS, MAXIMUM_CHANNELS, is_supported_input
from dse.chips.k210.ir.cutting import convolved, pad, strided
from dse.chips.k210.ir.layout import transpose
from dse.chips.k210.ir.net import Net, Node, Rule, reaching

__all__ = ["ADDITIONS", "ANNOTATE", "UNARY_MOTION", "map_shape"]


def map_shape(node: Node) -> tuple[int, int, int]:
    """(height, width, channels) of a map."""
    _, channels, height, width = node.shape
    return height, width, channels


@reaching(0)
def fake_kpu_conv2d(net: Net, node: Node) -> bool:
    """One zero on all sides and no stride; what is beyond that happens outside."""
    source, (kernel, width) = node.source, node["kernel"]
    channels = (source.shape[1], node.shape[1])
    depthwise = node["groups"] != 1 or channels == (1, 1)
    if kernel != width or kernel not in KERNELS or node["dilation"] != (1, 1):
        return False
    if node["groups"] not in (1, channels[0]) or channels[1] > MAXIMUM_CHANNELS:
        return False
    if not (node.input_is(1, "constant") and node.input_is(2, "constant")):
        return False
    beyond = [(a - kernel // 2, b - kernel // 2) for a, b in node["padding"]]
    before = [(max(0, a), max(0, b)) for a, b in beyond]
    after = [(min(0, a), min(0, b)) for a, b in beyond]
    height, width, count = map_shape(source)
    grown = (height + sum(before[0]), width + sum(before[1]), count)
    if not is_supported_input((height, width, count)) or not is_supported_input(grown):
        return False
    padded = pad(net, node, source, [(0, 0), (0, 0), *before])
    conv = net.add(
        node, "kpu_conv", [padded, *node.inputs[1:]], (source.shape[0], channels[1], *grown[:2]),
        kernel=kernel, depthwise=depthwise, pooled=False, clamp=node["clamp"],
    )  # fmt: skip
    cropped = pad(net, node, conv, [(0, 0), (0, 0), *after])
    strides = (1, 1, *node["stride"])
    net.redirect(node, strided(net, node, cropped, (0,) * 4, cropped.shape, strides))
    return True


@reaching(0)
def strided_slice_motion(net: Net, node: Node) -> bool:
    """The stride is taken after the next 1x1 convolution, if nobody else reads it."""
    conv = node.child("kpu_conv")
    whole = (node["begin"], node["end"]) == ((0,) * 4, node.source.shape)
    if node["strides"] != (1, 1, 2, 2) or not whole or conv is None or node.users != [conv]:
        return False
    if conv["depthwise"] or conv["kernel"] != 1 or conv["pooled"]:
        return False
    shape = (*conv.shape[:2], *node.source.shape[2:])
    inputs = [node.source, *conv.inputs[1:]]
    new = net.add(conv, "kpu_conv", inputs, shape, **conv.values)
    net.redirect(conv, strided(net, conv, new, (0,) * 4, new.shape, (1, 1, 2, 2)))
    return True


@reaching(0)
def fuse_fake_kpu_conv2d_strided_slice(net: Net, node: Node) -> bool:
    """The KPU keeps every second pixel while it writes."""
    cut = node.child("slice")
    if node["depthwise"] or cut is None or cut["strides"] != (1, 1, 2, 2):
        return False
    if not is_supported_input(map_shape(cut)):
        return False
    top = cut["begin"][2] % 2
    height, width, count = map_shape(node.source)
    even = [(top, (node.shape[2] + top) % 2), (0, width % 2)]
    grown = (height + sum(even[0]), width + sum(even[1]), count)
    if not is_supported_input(grown):
        return False
    source = pad(net, node, node.source, [(0, 0), (0, 0), *even])
    shape = (*node.shape[:2], source.shape[2] // 2, source.shape[3] // 2)
    values = {**node.values, "pooled": True}
    new = net.add(node, "kpu_conv", [source, *node.inputs[1:]], shape, **values)
    first = (-(cut["begin"][2] // 2 + top), -(cut["begin"][3] // 2))
    crop = [
        (begin, cut.shape[axis] - shape[axis] - begin)
        for axis, begin in zip((2, 3), first, strict=True)
    ]
    net.redirect(cut, pad(net, node, new, [(0, 0), (0, 0), *crop]))
    return True


def add_to_conv2d(net: Net, node: Node) -> bool:
    """Both operands side by side, two ones in each row of weights."""
    one, other = node.inputs
    if node["kind"] != "add" or len(one.shape) != 4 or one.shape != other.shape:
        return False
    batch, channels, *sides = one.shape
    both = net.add(node, "concat", [one, other], (batch, 2 * channels, *sides), axis=1)
    weights = net.add(node, "constant", [], (channels, 2 * channels, 1, 1), uniform=None)
    bias = net.add(node, "constant", [], (channels,), uniform=0.0)
    conv = net.add(
        node, "conv", [both, weights, bias], node.shape, kernel=(1, 1), groups=1,
        padding=[(0, 0), (0, 0)], stride=(1, 1), dilation=(1, 1), clamp=node["clamp"],
    )  # fmt: skip
    net.redirect(node, conv)
    return True


@reaching(1)
def eliminate_dilated_conv2d(net: Net, node: Node) -> bool:
    """Each phase of a dilated convolution is a plain one: the phases become the batch."""
    steps = node["dilation"]
    if steps == (1, 1) or node["stride"] != (1, 1) or node.source.shape[0] != 1:
        return False
    _, channels, *sides = node.source.shape
    extra = [
        (step - (side + sum(padding)) % step) % step
        for step, side, padding in zip(steps, sides, node["padding"], strict=True)
    ]
    grown = [(a, b + more) for (a, b), more in zip(node["padding"], extra, strict=True)]
    padded = pad(net, node, node.source, [(0, 0), (0, 0), *grown])
    rows, columns = (side // step for side, step in zip(padded.shape[2:], steps, strict=True))
    split = net.add(node, "bitcast", [padded], (channels * rows, steps[0], columns, steps[1]))
    phases = transpose(net, node, split, (1, 3, 0, 2))
    batch = net.add(node, "bitcast", [phases], (steps[0] * steps[1], channels, rows, columns))
    conv = convolved(net, node, batch, padding=[(0, 0), (0, 0)], dilation=(1, 1))
    _, channels, rows, columns = conv.shape
    split = net.add(node, "bitcast", [conv], (*steps, channels * rows, columns))
    whole = transpose(net, node, split, (2, 0, 3, 1))
    sides = [rows * steps[0], columns * steps[1]]
    joined = net.add(node, "bitcast", [whole], (1, channels, *sides))
    crop = [(0, 0), (0, 0), *((0, -more) for more in extra)]
    net.redirect(node, pad(net, node, joined, crop))
    return True


def slice_fused_unary_motion(net: Net, node: Node) -> bool:
    """A function behind the slice of a convolution comes before it."""
    return _function_first(net, node, "slice")


def pad_fused_unary_motion(net: Net, node: Node) -> bool:
    """The same behind a pad."""
    return _function_first(net, node, "pad")


def _function_first(net: Net, node: Node, op: str) -> bool:
    middle = node.child(op)
    after = middle.child("fused_unary") if middle else None
    if middle is None or after is None or middle.users != [after] or node.users != [middle]:
        return False
    function = net.add(after, "fused_unary", [node], node.shape)
    net.connect(middle, 0, function)
    net.redirect(after, middle)
    return True


ANNOTATE: list[Rule] = [
    ("conv", eliminate_dilated_conv2d),
    ("conv", fake_kpu_conv2d),
    ("slice", strided_slice_motion),
    ("kpu_conv", fuse_fake_kpu_conv2d_strided_slice),
]
ADDITIONS: list[Rule] = [("binary", add_to_conv2d)]
UNARY_MOTION: list[Rule] = [
    ("kpu_conv", slice_fused_unary_motion),
    ("kpu_conv", pad_fused_unary_motion),
]
