"""The transforms of nncase v1.9.0 that decide what a K210 runs, as rules for `rewriting`.

Each rule names the compiler's class. Sources: src/transforms/neutral/{pad_conv, fold_pad,
fold_slice, fuse_unary, add_to_conv2d}.cpp and modules/k210/src/transforms/k210/
{fake_kpu_conv2d, strided_slice_motion, fused_unary_motion}.cpp; their order stands in
targets/k210/k210_target.cpp. A match needs every node in its middle to be read by the match
alone, except where the class says `skip_self_contained_check`.
"""

from __future__ import annotations

from collections.abc import Iterable

from dse.chips.k210.cost.kpu_rules import MINIMUM_SIDE, is_supported_convolution, is_supported_input
from dse.chips.k210.cost.rewriting import Node, Rule, Web, rewrite
from dse.network.graph import Padding, Shape

__all__ = ["run_passes"]


def run_passes(web: Web) -> None:
    """Rewrites what the importer read into what the KPU and the CPU run."""
    rewrite(web, [("pad", pad_pad)])
    rewrite(web, [("conv", small_map)])
    rewrite(web, ANNOTATE)
    rewrite(web, [("unary", unary_unary)])
    rewrite(web, [("add", addition), *ANNOTATE])
    rewrite(web, [("kpu_conv", unary_before_slice), ("kpu_conv", unary_before_pad)])
    rewrite(web, TIDY)


def small_map(web: Web, conv: Node) -> bool:
    """`pad_conv_transform`: a map under 4x4 is padded to it, and the result cropped."""
    height, width, _ = conv.source.shape
    if min(height, width) >= MINIMUM_SIDE or conv.kernel not in (1, 3):
        return False
    padding = (0, max(0, MINIMUM_SIDE - height), 0, max(0, MINIMUM_SIDE - width))
    padded = _pad(web, conv, conv.source, padding, from_pad_conv=True)
    grown = web.follow(
        conv, "conv", [padded], _windowed(padded.shape, conv), kernel=conv.kernel,
        stride=conv.stride, padding=conv.padding, depthwise=conv.depthwise,
    )  # fmt: skip
    web.replace(conv, web.follow(conv, "slice", [grown], conv.shape, end=conv.shape[:2]))
    return True


def kpu_convolution(web: Web, conv: Node) -> bool:
    """`fake_kpu_conv2d_transform`: one zero on all sides and no stride, the rest outside."""
    source = conv.source
    if not is_supported_convolution(source.shape, conv.shape[2], conv.kernel, conv.padding):
        return False
    beyond = [side - conv.kernel // 2 for side in conv.padding]
    before = _pad(web, conv, source, _padding(max(0, side) for side in beyond))
    height, width, _ = before.shape
    shape = (height, width, conv.shape[2])
    new = web.follow(
        conv, "kpu_conv", [before], shape, kernel=conv.kernel, depthwise=conv.depthwise
    )
    after = _pad(web, conv, new, _padding(min(0, side) for side in beyond))
    web.replace(conv, _slice(web, conv, after, conv.stride))
    return True


def slice_behind_1x1(web: Web, node: Node) -> bool:
    """`strided_slice_motion_transform`: the stride is taken after the next 1x1 convolution."""
    conv = node.child("kpu_conv")
    if node.stride != 2 or not node.is_whole or conv is None or node.users != [conv]:
        return False
    if conv.depthwise or conv.kernel != 1 or conv.pooled:
        return False
    height, width, _ = node.source.shape
    new = web.follow(conv, "kpu_conv", [node.source], (height, width, conv.shape[2]))
    web.replace(conv, _slice(web, conv, new, 2))
    return True


def pick_at_write_back(web: Web, conv: Node) -> bool:
    """`fuse_fake_kpu_conv2d_strided_slice_transform`: the KPU keeps every second pixel."""
    cut = conv.child("slice")
    if conv.depthwise or cut is None or cut.stride != 2 or conv.users != [cut]:
        return False
    if not is_supported_input(cut.shape):
        return False
    height, width, channels = conv.source.shape
    top = cut.begin[0] % 2
    even: Padding = (top, (conv.shape[0] + top) % 2, 0, width % 2)
    if not is_supported_input((height + even[0] + even[1], width + even[3], channels)):
        return False
    source = _pad(web, conv, conv.source, even)
    shape = (source.shape[0] // 2, source.shape[1] // 2, conv.shape[2])
    new = web.follow(conv, "kpu_conv", [source], shape, kernel=conv.kernel, pooled=True)
    first = (-(cut.begin[0] // 2 + top), -(cut.begin[1] // 2))
    last = (cut.shape[0] - shape[0] - first[0], cut.shape[1] - shape[1] - first[1])
    web.replace(cut, _pad(web, conv, new, (first[0], last[0], first[1], last[1])))
    return True


def no_pad(web: Web, node: Node) -> bool:
    """`fold_nop_pad_transform`."""
    if any(node.padding):
        return False
    web.replace(node, node.source)
    return True


def slice_slice(web: Web, node: Node) -> bool:
    """`fold_slice_slice_transform`: two slices of which, on each axis, one does nothing."""
    after = node.child("slice")
    if after is None or node.users != [after]:
        return False
    begin, end = [], []
    for axis in (0, 1):
        if not (cut := _cuts(node, axis)):
            cut = after
        elif _cuts(after, axis):
            return False
        begin.append(cut.begin[axis])
        end.append(cut.end[axis])
    new = web.follow(
        after, "slice", [node.source], after.shape, stride=max(node.stride, after.stride),
        begin=(begin[0], begin[1]), end=(end[0], end[1]),
    )  # fmt: skip
    web.replace(after, new)
    return True


def pad_pad(web: Web, node: Node) -> bool:
    """`fold_pad_pad_transform`."""
    after = node.child("pad")
    if after is None or after.from_pad_conv != node.from_pad_conv:
        return False
    both = _padding(a + b for a, b in zip(node.padding, after.padding, strict=True))
    new = _pad(web, node, node.source, both, from_pad_conv=node.from_pad_conv)
    web.replace(after, new)
    return True


def crop_slice(web: Web, node: Node) -> bool:
    """`fold_pad_strided_slice_transform`: a crop in front of a slice is the slice's."""
    cut = node.child("slice")
    if cut is None or min(node.padding) >= 0:
        return False
    top, _, left, _ = node.padding
    down, right = max(0, -top), max(0, -left)
    kept = _padding(max(0, side) for side in node.padding)
    source = _pad(web, node, node.source, kept, from_pad_conv=node.from_pad_conv)
    new = web.follow(
        cut, "slice", [source], cut.shape, stride=cut.stride,
        begin=(cut.begin[0] + down, cut.begin[1] + right),
        end=(cut.end[0] + down, cut.end[1] + right),
    )  # fmt: skip
    web.replace(cut, new)
    return True


def no_slice(web: Web, node: Node) -> bool:
    """`fold_nop_slice_transform`."""
    if node.stride != 1 or node.shape != node.source.shape:
        return False
    web.replace(node, node.source)
    return True


def unary_unary(web: Web, node: Node) -> bool:
    """`fuse_two_fused_unary_transform`."""
    after = node.child("unary")
    if after is None or node.users != [after]:
        return False
    web.replace(after, web.follow(node, "unary", [node.source], after.shape))
    return True


def addition(web: Web, node: Node) -> bool:
    """`add_to_conv2d_transform`: both operands side by side, two ones in each row of weights."""
    height, width, channels = node.shape
    both = web.follow(node, "concat", list(node.inputs), (height, width, 2 * channels))
    web.replace(node, web.follow(node, "conv", [both], node.shape))
    return True


def unary_before_slice(web: Web, conv: Node) -> bool:
    """`slice_fused_unary_motion_transform`."""
    return _unary_first(web, conv, "slice")


def unary_before_pad(web: Web, conv: Node) -> bool:
    """`pad_fused_unary_motion_transform`."""
    return _unary_first(web, conv, "pad")


def _unary_first(web: Web, conv: Node, op: str) -> bool:
    middle = conv.child(op)
    after = middle.child("unary") if middle else None
    if middle is None or after is None or middle.users != [after]:
        return False
    unary = web.follow(after, "unary", [middle.source], middle.source.shape)
    new = web.follow(
        middle, op, [unary], middle.shape, stride=middle.stride, padding=middle.padding,
        begin=middle.begin, end=middle.end, from_pad_conv=middle.from_pad_conv,
    )  # fmt: skip
    web.replace(after, new)
    return True


TIDY: list[Rule] = [
    ("pad", no_pad),
    ("slice", slice_slice),
    ("pad", pad_pad),
    ("pad", crop_slice),
    ("slice", no_slice),
]
"""Those of the compiler's default transforms that meet something here."""

ANNOTATE: list[Rule] = [
    ("conv", kpu_convolution),
    ("slice", slice_behind_1x1),
    ("kpu_conv", pick_at_write_back),
    *TIDY,
]


def _pad(web: Web, near: Node, source: Node, padding: Padding, from_pad_conv: bool = False) -> Node:
    """`source` with zeros around it, or cropped where `padding` is negative."""
    height, width, channels = source.shape
    top, bottom, left, right = padding
    shape = (height + top + bottom, width + left + right, channels)
    return web.follow(near, "pad", [source], shape, padding=padding, from_pad_conv=from_pad_conv)


def _slice(web: Web, near: Node, source: Node, stride: int) -> Node:
    """Every `stride`-th pixel of `source`, from the first one on."""
    height, width, channels = source.shape
    shape = (-(-height // stride), -(-width // stride), channels)
    return web.follow(near, "slice", [source], shape, stride=stride, end=(height, width))


def _cuts(node: Node, axis: int) -> Node | None:
    """The slice `node` when it leaves something out on `axis`."""
    whole = (node.begin[axis], node.end[axis]) == (0, node.source.shape[axis])
    return None if whole and node.stride == 1 else node


def _windowed(shape: Shape, conv: Node) -> Shape:
    """Shape of the window of `conv` applied to a map of `shape`."""
    top, bottom, left, right = conv.padding
    height = (shape[0] + top + bottom - conv.kernel) // conv.stride + 1
    width = (shape[1] + left + right - conv.kernel) // conv.stride + 1
    return (height, width, conv.shape[2])


def _padding(sides: Iterable[int]) -> Padding:
    top, bottom, left, right = sides
    return (top, bottom, left, right)
