"""Conversions between float32 and bytes: where ranges are taken, and what runs in bytes.

Sources: nncase v1.9.0, modules/k210/src/transforms/k210/{kpu_conv2d, fuse_kpu_conv2d_pool,
fold_kpu_upload}.cpp, src/transforms/neutral/{add_quant_checkpoints, fold_quantize, quantize_motion,
dequantize_motion, fused_unary_to_lookup1d}.cpp and src/evaluator/quantizer.cpp; each rule has the
name of its class.
"""

from __future__ import annotations

import math

from dse.chips.k210.cost.kpu_rules import is_supported_pool
from dse.chips.k210.ir.accelerator import map_shape
from dse.chips.k210.ir.cutting import strided
from dse.chips.k210.ir.layout import transpose
from dse.chips.k210.ir.net import Net, Node, Rule, reaching

__all__ = [
    "DEQUANTIZE_MOTIONS", "FOLD_QUANTIZE", "FOLD_UPLOADS", "FUSE_POOLS", "LAST_MOTIONS",
    "LOOKUPS", "LOWER_CONVOLUTIONS", "QUANTIZE_MOTIONS", "take_ranges",
]  # fmt: skip

CHECKPOINTS = ("fused_unary", "kpu_conv", "bitcast", "dequantize", "binary", "slice")
"""Operations whose inputs and results have ranges (`annotate_kpu_quantize`)."""

BROADCAST = ("transpose", "dequantize", "pad", "resize", "bitcast", "pool")
"""Operations whose results have the range of what they read (`add_quantization_broadcast`)."""

PICTURE = "picture"


def take_ranges(net: Net, otherwise: frozenset[str]) -> list[str]:
    """Says whose range each result has; returns the layers at which the pictures decide that.

    A crop leaves a line or two out and mostly keeps the range; every second pixel mostly does not.
    otherwise: layers whose ranges come out the unlikely way.
    """
    dependent: list[str] = []
    net.settled.clear()  # rules look at ranges, too
    order = net.in_order()
    for node in order:
        if node.op in CHECKPOINTS:
            node.quantized = True
            for source in node.inputs:
                source.quantized = True
    for node in order:
        if node.op == "input":
            node.range = PICTURE if node.item_bytes == 1 else node
        elif node.op in BROADCAST and node.source.range is not None:
            node.range = node.source.range
        elif node.quantized:
            node.range = node
            if node.op == "slice":
                dependent.append(node.layer)
                if _is_crop(node) != (node.layer in otherwise):
                    node.range = node.source.range
    return list(dict.fromkeys(dependent))


def _is_crop(node: Node) -> bool:
    """It leaves lines of a map out, and no channels; or but little."""
    if set(node["strides"]) != {1}:
        return False
    lines = node.source.op == "kpu_conv" and node.shape[:2] == node.source.shape[:2]
    return lines or 2 * math.prod(node.shape) > math.prod(node.source.shape)


def _quantize(net: Net, near: Node, source: Node, parameters: object) -> Node:
    node = net.add(near, "quantize", [source], source.shape, 1)
    node.parameters = parameters
    return node


def _dequantize(net: Net, near: Node, source: Node, parameters: object) -> Node:
    node = net.add(near, "dequantize", [source], source.shape)
    node.parameters = parameters
    return node


def _linked(node: Node, old: Node) -> Node:
    """`node` has what is said of the result of `old`, whose place it takes."""
    node.quantized, node.range = old.quantized, old.range
    node.fixed = old.fixed or old.op == "kpu_conv"
    return node


@reaching(0)
def kpu_conv2d(net: Net, node: Node) -> bool:
    """In bytes, with the function behind it; the first one, if there are several."""
    function = node.child("fused_unary")
    last = function or node
    moved = net.add(
        node, "upload", [_quantize(net, node, node.source, node.source.range)], node.source.shape, 1
    )
    conv = net.add(node, "kpu_conv2d", [moved, *node.inputs[1:]], node.shape, 1, **node.values)
    down = net.add(node, "download", [conv], node.shape, 1)
    net.redirect(last, _linked(_dequantize(net, node, down, last.range), last))
    return True


def fuse_kpu_conv2d_pool(net: Net, node: Node) -> bool:
    """The KPU pools while it writes; the result's range is no longer looked at, nor is a ReLU that
    the pool had."""
    if node["depthwise"] or node["pooled"]:
        return False
    down = node.child("download")
    back = down.child("dequantize") if down else None
    pool = back.child("pool") if back else None
    if down is None or back is None or pool is None:
        return False
    if node.users != [down] or down.users != [back] or back.users != [pool]:
        return False
    size, stride = pool["kernel"], pool["stride"]
    padding = (*pool["padding_h"], *pool["padding_w"])
    square = size[0] == size[1] and stride[0] == stride[1]
    if not square or not is_supported_pool(map_shape(pool.source), size[0], stride[0], padding):
        return False
    least, most = pool["clamp"]
    forgets = node["clamp"][0] < least or node["clamp"][1] > most
    values = {**node.values, "pooled": True, "forgets": pool.layer if forgets else None}
    conv = net.add(node, "kpu_conv2d", node.inputs, pool.shape, 1, **values)
    down = net.add(pool, "download", [conv], pool.shape, 1)
    net.redirect(pool, _dequantize(net, pool, down, back.parameters))
    return True


@reaching(0)
def fold_kpu_upload(net: Net, node: Node) -> bool:
    """What was just downloaded is still there."""
    after = node.child("upload" if node.op == "download" else "download")
    if after is None:
        return False
    net.redirect(after, node.source)
    return True


@reaching(0)
def fold_quantize(net: Net, node: Node) -> bool:
    """A conversion that undoes the one before it."""
    other = "dequantize" if node.op == "quantize" else "quantize"
    for user in node.users:
        if user.op == other:
            if user.parameters == node.parameters:
                net.redirect(user, node.source)
                return True
            if node.op == "dequantize":
                return False
    return False


@reaching(0)
def fused_unary_to_lookup1d(net: Net, node: Node) -> bool:
    """A function of bytes is a table."""
    if not (node.source.quantized and node.quantized):
        return False
    bytes_ = _quantize(net, node, node.source, node.source.range)
    found = net.add(node, "lookup", [bytes_], node.shape, 1)
    net.redirect(node, _linked(_dequantize(net, node, found, node.range), node))
    return True


@reaching(0)
def dequantize_transbin_motion(net: Net, node: Node) -> bool:
    """Transposed in float32 where the CPU computes next."""
    before = node.source
    if before.op != "transpose" or node.child("binary") is None:
        return False
    moved = _dequantize(net, node, before.source, node.parameters)
    net.redirect(node, transpose(net, before, moved, before["perm"]))
    return True


@reaching(0)
def dequantize_bitcast_motion(net: Net, node: Node) -> bool:
    """Reshaped in bytes."""
    after = node.child("bitcast")
    if after is None:
        return False
    moved = net.add(after, "bitcast", [node.source], after.shape, node.source.item_bytes)
    net.redirect(after, _linked(_dequantize(net, node, moved, node.parameters), after))
    return True


@reaching(0)
def dequantize_transpose_motion(net: Net, node: Node) -> bool:
    """Transposed in bytes, where it ends so."""
    after = node.child("transpose")
    if after is None or after.child("binary") is not None:
        return False
    moved = transpose(net, after, node.source, after["perm"])
    net.redirect(after, _dequantize(net, node, moved, node.parameters))
    return True


@reaching(0)
def quantize_transpose_motion(net: Net, node: Node) -> bool:
    """Transposed in bytes."""
    before = node.source
    if before.op != "transpose":
        return False
    moved = _quantize(net, node, before.source, node.parameters)
    net.redirect(node, transpose(net, before, moved, before["perm"]))
    return True


@reaching(0)
def quantize_bitcast_motion(net: Net, node: Node) -> bool:
    """Reshaped in bytes."""
    before = node.source
    if before.op != "bitcast":
        return False
    moved = _quantize(net, node, before.source, node.parameters)
    net.redirect(node, net.add(before, "bitcast", [moved], node.shape, 1))
    return True


def quantize_slice_motion(net: Net, node: Node) -> bool:
    """Sliced in bytes, but for what puts the phases of a dilated convolution together."""
    before = node.source
    if before.op != "slice":
        return False
    chain, seen = before.source, []
    for _ in range(3):
        seen.append(chain.op)
        chain = chain.inputs[0] if chain.inputs else chain
    if seen == ["bitcast", "transpose", "bitcast"]:
        return False
    moved = _quantize(net, node, before.source, node.parameters)
    cut = strided(net, before, moved, before["begin"], before["end"], before["strides"])
    net.redirect(node, cut)
    return True


DEQUANTIZE_MOTIONS: list[Rule] = [
    ("dequantize", dequantize_transbin_motion),
    ("dequantize", dequantize_bitcast_motion),
]
QUANTIZE_MOTIONS: list[Rule] = [
    ("quantize", quantize_transpose_motion),
    ("quantize", quantize_bitcast_motion),
    ("quantize", quantize_slice_motion),
]
FOLD_QUANTIZE: list[Rule] = [("quantize", fold_quantize), ("dequantize", fold_quantize)]
LOWER_CONVOLUTIONS: list[Rule] = [("kpu_conv", kpu_conv2d), *FOLD_QUANTIZE]
FUSE_POOLS: list[Rule] = [("kpu_conv2d", fuse_kpu_conv2d_pool), *FOLD_QUANTIZE]
FOLD_UPLOADS: list[Rule] = [
    ("upload", fold_kpu_upload), ("download", fold_kpu_upload), *FOLD_QUANTIZE,
]  # fmt: skip
LOOKUPS: list[Rule] = [("fused_unary", fused_unary_to_lookup1d)]
LAST_MOTIONS: list[Rule] = [
    ("dequantize", dequantize_transpose_motion),
    ("dequantize", dequantize_bitcast_motion),
]
