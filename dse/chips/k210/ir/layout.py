"""Transposes and reshapes, which the compiler moves until they meet and vanish.

Source: nncase v1.9.0, src/transforms/neutral/{transpose_motion, fold_transpose, fold_bitcast,
bitcast_motion}.cpp; each rule has the name of its class.
"""

from __future__ import annotations

import numpy as np

from dse.chips.k210.ir.net import Net, Node, Rule, reaching
from dse.chips.k210.ir.shapes import reduced, transposed

__all__ = ["FOLD_BITCASTS", "FOLD_TRANSPOSES", "MOTIONS", "transpose", "transpose_pad_motion"]


def transpose(net: Net, near: Node, source: Node, perm: tuple[int, ...]) -> Node:
    """`source` with its axes in the order `perm`."""
    shape = transposed(source.shape, perm)
    return net.add(near, "transpose", [source], shape, source.item_bytes, perm=perm)


@reaching(1)
def transpose_binary_motion(net: Net, node: Node) -> bool:
    """Two operands that are transposed alike, for nobody else."""
    one, other = node.inputs
    if (one.op, other.op) != ("transpose", "transpose") or one["perm"] != other["perm"]:
        return False
    readers = len(one.users) if one is other else len(one.users) + len(other.users)
    if readers != 2:
        return False
    moved = _binary(net, node, one.source, other.source)
    net.redirect(node, transpose(net, one, moved, one["perm"]))
    return True


@reaching(0)
def transpose_constant_binary_motion(net: Net, node: Node) -> bool:
    """A transposed operand and a row of constants, which becomes one for each channel."""
    for index in (0, 1):
        moved, constant = node.inputs[index], node.inputs[1 - index]
        if (moved.op, constant.op) == ("transpose", "constant") and len(constant.shape) == 1:
            perm = moved["perm"]
            shape = constant.shape
            if shape[0] != 1:
                shape = (*shape, *(1,) * (len(perm) - perm[-1] - 1))
            own = net.add(constant, "constant", [], shape, **constant.values)
            pair = (own, moved.source) if index else (moved.source, own)
            net.redirect(node, transpose(net, moved, _binary(net, node, *pair), perm))
            return True
    return False


def _binary(net: Net, node: Node, one: Node, other: Node) -> Node:
    shape = np.broadcast_shapes(one.shape, other.shape)
    return net.add(node, "binary", [one, other], shape, **node.values)


@reaching(1)
def transpose_concat_motion(net: Net, node: Node) -> bool:
    """All that is joined is transposed alike."""
    if any(source.op != "transpose" for source in node.inputs):
        return False
    perm = node.source["perm"]
    if any(source["perm"] != perm for source in node.inputs):
        return False
    axis, sources = perm[node["axis"]], [source.source for source in node.inputs]
    shape = list(sources[0].shape)
    shape[axis] = sum(source.shape[axis] for source in sources)
    joined = net.add(node, "concat", sources, shape, node.item_bytes, axis=axis)
    net.redirect(node, transpose(net, node.source, joined, perm))
    return True


@reaching(0)
def transpose_pad_motion(net: Net, node: Node) -> bool:
    """What is transposed behind a pad is transposed in front of it."""
    after = node.child("transpose")
    if after is None:
        return False
    moved = transpose(net, after, node.source, after["perm"])
    padding = transposed_pairs(node["padding"], after["perm"])
    values = {**node.values, "padding": padding}
    padded = net.add(node, "pad", [moved], after.shape, node.item_bytes, **values)
    net.redirect(after, padded)
    return True


def transposed_pairs(
    pairs: tuple[tuple[int, int], ...], perm: tuple[int, ...]
) -> tuple[tuple[int, int], ...]:
    """The pairs of each axis in the order `perm`."""
    return tuple(pairs[axis] for axis in perm)


@reaching(0)
def transpose_clamp_motion(net: Net, node: Node) -> bool:
    """See the class of that name."""
    return _move_up(net, node)


@reaching(0)
def transpose_unary_motion(net: Net, node: Node) -> bool:
    """See the class of that name."""
    return _move_up(net, node)


def _move_up(net: Net, node: Node) -> bool:
    """A function of each number comes before the transpose that it reads."""
    before = node.source
    if before.op != "transpose":
        return False
    moved = net.add(node, node.op, [before.source], before.source.shape, **node.values)
    net.redirect(node, transpose(net, before, moved, before["perm"]))
    return True


@reaching(1)
def transpose_sigmoid_motion(net: Net, node: Node) -> bool:
    """A gate moves up with what it gates."""
    before = node.source
    if before.op != "transpose":
        return False
    if len(before.users) == 1:
        return _move_up(net, node)
    product = node.child("binary")
    if product is None or before not in product.inputs:
        return False
    gate = net.add(node, "sigmoid", [before.source], before.source.shape)
    gated = _binary(net, product, before.source, gate)
    net.redirect(product, transpose(net, before, gated, before["perm"]))
    return True


@reaching(0)
def transpose_reduce_motion(net: Net, node: Node) -> bool:
    """The axes are those that the transpose took from elsewhere."""
    before = node.source
    if before.op != "transpose":
        return False
    perm = before["perm"]
    axes = tuple(sorted(perm[axis] for axis in node["axes"]))
    values = {**node.values, "axes": axes}
    shape = reduced(before.source.shape, axes, node["keep"])
    moved = net.add(node, "reduce", [before.source], shape, **values)
    if not node["keep"]:
        kept = [axis for axis in perm if axis not in axes]
        perm = tuple(sorted(kept).index(axis) for axis in kept)
    net.redirect(node, transpose(net, before, moved, perm))
    return True


@reaching(0)
def transpose_to_reshape(net: Net, node: Node) -> bool:
    """Axes of one pixel may go anywhere."""
    last = 0
    for axis in node["perm"]:
        if node.source.shape[axis] != 1:
            if axis < last:
                return False
            last = axis
    reshaped = net.add(node, "bitcast", [node.source], node.shape, node.item_bytes)
    net.redirect(node, reshaped)
    return True


@reaching(0)
def fold_transpose(net: Net, node: Node) -> bool:
    """Two in a row are one."""
    after = node.child("transpose")
    if after is None or len(after["perm"]) != len(node["perm"]):
        return False
    perm = tuple(node["perm"][axis] for axis in after["perm"])
    net.redirect(after, transpose(net, after, node.source, perm))
    return True


@reaching(0)
def fold_nop_transpose(net: Net, node: Node) -> bool:
    """One that leaves all axes where they are."""
    if node["perm"] != tuple(range(len(node["perm"]))):
        return False
    net.redirect(node, node.source)
    return True


@reaching(0)
def fold_bitcast(net: Net, node: Node) -> bool:
    """Two in a row are one."""
    after = node.child("bitcast")
    if after is None:
        return False
    net.redirect(after, net.add(after, "bitcast", [node.source], after.shape, after.item_bytes))
    return True


@reaching(0)
def fold_nop_bitcast(net: Net, node: Node) -> bool:
    """One that leaves the shape as it is."""
    if node.shape != node.source.shape:
        return False
    net.redirect(node, node.source)
    return True


@reaching(0)
def bitcast_clamp_motion(net: Net, node: Node) -> bool:
    """A clamp comes before the reshape that it reads."""
    after = node.child("clamp")
    if after is None:
        return False
    moved = net.add(after, "clamp", [node.source], node.source.shape, **after.values)
    net.redirect(after, net.add(node, "bitcast", [moved], node.shape))
    return True


FOLD_TRANSPOSES: list[Rule] = [("transpose", fold_transpose), ("transpose", fold_nop_transpose)]
FOLD_BITCASTS: list[Rule] = [("bitcast", fold_bitcast), ("bitcast", fold_nop_bitcast)]
MOTIONS: list[Rule] = [
    ("binary", transpose_binary_motion),
    ("binary", transpose_constant_binary_motion),
    ("concat", transpose_concat_motion),
    ("pad", transpose_pad_motion),
    ("clamp", transpose_clamp_motion),
    ("sigmoid", transpose_sigmoid_motion),
    ("bitcast", bitcast_clamp_motion),
]
"""In the compiler's order, as far as they stand together there."""
