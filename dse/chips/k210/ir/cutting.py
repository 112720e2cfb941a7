"""Pads and slices.

Source: nncase v1.9.0, src/transforms/neutral/{fold_pad, fold_slice, fuse_pad, pad_conv}.cpp; each
rule has the name of its class.
"""

from __future__ import annotations

from collections.abc import Sequence

from dse.chips.k210.ir.net import Net, Node, Rule, reaching
from dse.chips.k210.ir.shapes import windows

__all__ = ["FOLD_CUTS", "FUSE_PADS", "PAD_CONV", "PAD_TO_SLICE", "convolved", "pad", "strided"]

Pairs = Sequence[tuple[int, int]]

INTEGER_ZERO = "0"
"""`pad_conv_transform` pads with an integer: no pad of floats merges with it."""

MINIMUM_SIDE = 4


def pad(net: Net, near: Node, source: Node, padding: Pairs, value: object = 0.0) -> Node:
    """`source` with `value` around it, cropped where `padding` is negative."""
    shape = [a + side + b for side, (a, b) in zip(source.shape, padding, strict=True)]
    return net.add(
        near, "pad", [source], shape, source.item_bytes, padding=tuple(padding), mode="constant",
        value=value,
    )  # fmt: skip


def strided(
    net: Net, near: Node, source: Node, begin: Sequence[int], end: Sequence[int],
    strides: Sequence[int],
) -> Node:  # fmt: skip
    """Every `strides`-th element of `source` from `begin` to `end`."""
    shape = [-(-(b - a) // step) for a, b, step in zip(begin, end, strides, strict=True)]
    return net.add(
        near, "slice", [source], shape, source.item_bytes, begin=tuple(begin), end=tuple(end),
        strides=tuple(strides),
    )  # fmt: skip


def convolved(net: Net, conv: Node, source: Node, **changed: object) -> Node:
    """`conv` of `source`, with some of its values changed."""
    values = {**conv.values, **changed}
    sides = windows(source.shape[2:], values["kernel"], values)
    shape = (source.shape[0], conv.shape[1], *sides)
    return net.add(conv, "conv", [source, *conv.inputs[1:]], shape, **values)


@reaching(0)
def fold_nop_pad(net: Net, node: Node) -> bool:
    """A pad by nothing."""
    if any(map(any, node["padding"])):
        return False
    net.redirect(node, node.source)
    return True


@reaching(0)
def fold_pad_pad(net: Net, node: Node) -> bool:
    """Two in a row with the same value are one."""
    after = node.child("pad")
    if after is None or len(node.shape) != 4:
        return False
    if (node["mode"], node["value"]) != (after["mode"], after["value"]):
        return False
    both = [
        (a + c, b + d) for (a, b), (c, d) in zip(node["padding"], after["padding"], strict=True)
    ]
    new = pad(net, node, node.source, both, node["value"])
    new.values["mode"] = node["mode"]
    net.redirect(after, new)
    return True


@reaching(0)
def fold_pad_strided_slice(net: Net, node: Node) -> bool:
    """A crop in front of a slice is the slice's."""
    cut = node.child("slice")
    if cut is None or min(map(min, node["padding"])) >= 0:
        return False
    if min(cut["begin"]) < 0 or min(cut["end"]) < 0:
        return False
    down = [max(0, -before) for before, _ in node["padding"]]
    kept = [(max(0, a), max(0, b)) for a, b in node["padding"]]
    source = pad(net, node, node.source, kept, node["value"])
    begin, end = (
        [a + b for a, b in zip(cut[name], down, strict=True)] for name in ("begin", "end")
    )
    net.redirect(cut, strided(net, cut, source, begin, end, cut["strides"]))
    return True


@reaching(0)
def fold_slice_slice(net: Net, node: Node) -> bool:
    """Two slices of which, on each axis, one does nothing."""
    after = node.child("slice")
    if after is None or min(*node["strides"], *after["strides"]) < 0:
        return False
    chosen = []
    for axis in range(len(node.shape)):
        one = _cuts(node, axis)
        if one and _cuts(after, axis):
            return False
        cut = node if one else after
        chosen.append((cut["begin"][axis], cut["end"][axis], cut["strides"][axis]))
    begin, end, strides = zip(*chosen, strict=True)
    net.redirect(after, strided(net, after, node.source, begin, end, strides))
    return True


def _cuts(node: Node, axis: int) -> bool:
    """The slice leaves something out on `axis`."""
    told = (node["begin"][axis], node["end"][axis], node["strides"][axis])
    return bool(told != (0, node.source.shape[axis], 1))


@reaching(0)
def fold_nop_slice(net: Net, node: Node) -> bool:
    """A slice of everything; only of four axes."""
    if node.shape != node.source.shape or node["strides"] != (1, 1, 1, 1):
        return False
    net.redirect(node, node.source)
    return True


def pad_to_slice(net: Net, node: Node) -> bool:
    """A pad that only crops."""
    padding = node["padding"]
    if max(map(max, padding)) > 0:
        return False
    begin = [-before for before, _ in padding]
    end = [side + after for side, (_, after) in zip(node.source.shape, padding, strict=True)]
    net.redirect(node, strided(net, node, node.source, begin, end, [1] * len(begin)))
    return True


def fuse_pad_conv2d(net: Net, node: Node) -> bool:
    """Zeros around a map are the convolution's own padding."""
    padding = node["padding"]
    if len(padding) != 4 or (node["mode"], node["value"]) != ("constant", 0.0):
        return False
    conv = node.child("conv")
    sides = padding[2:]
    if conv is None or min(map(min, sides)) < 0 or not any(map(sum, sides)):
        return False
    if conv.source is not node:
        return False
    rest = pad(net, node, node.source, (*padding[:2], (0, 0), (0, 0)))
    both = [(a + c, b + d) for (a, b), (c, d) in zip(conv["padding"], sides, strict=True)]
    net.redirect(conv, convolved(net, conv, rest, padding=both))
    return True


@reaching(0)
def pad_conv(net: Net, node: Node) -> bool:
    """A map under 4x4 is padded to it, and the result cropped."""
    sides = node.source.shape[2:]
    if min(sides) >= MINIMUM_SIDE or node["kernel"] not in ((1, 1), (3, 3)):
        return False
    grown = [(0, 0), (0, 0), *((0, max(0, MINIMUM_SIDE - side)) for side in sides)]
    conv = convolved(net, node, pad(net, node, node.source, grown, INTEGER_ZERO))
    net.redirect(node, strided(net, node, conv, (0,) * 4, node.shape, (1,) * 4))
    return True


FOLD_CUTS: list[Rule] = [
    ("slice", fold_slice_slice),
    ("pad", fold_pad_pad),
    ("pad", fold_pad_strided_slice),
]
FUSE_PADS: list[Rule] = [
    ("pad", fold_pad_pad),
    ("pad", fuse_pad_conv2d),
    ("pad", fold_nop_pad),
]
NOP_PAD: list[Rule] = [("pad", fold_nop_pad)]
NOP_SLICE: list[Rule] = [("slice", fold_nop_slice)]
PAD_TO_SLICE: list[Rule] = [("pad", pad_to_slice)]
PAD_CONV: list[Rule] = [("conv", pad_conv)]
