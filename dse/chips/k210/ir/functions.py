"""Functions of each number alone, which the compiler makes one of.

Source: nncase v1.9.0, src/transforms/neutral/fuse_unary.cpp; each rule has the name of its class.
"""

from __future__ import annotations

import math

from dse.chips.k210.ir.net import Net, Node, Rule, reaching

__all__ = ["FUSE_UNARY"]


@reaching(0)
def fuse_one_unary(net: Net, node: Node) -> bool:
    """Any function that the importer knows."""
    return _fused(net, node, node.source)


@reaching(0)
def fuse_one_binary(net: Net, node: Node) -> bool:
    """An operation with one constant number."""
    for index in (1, 0):
        constant = node.input_is(index, "constant")
        if constant is not None and math.prod(constant.shape) == 1:
            return _fused(net, node, node.inputs[1 - index])
    return False


@reaching(1)
def fuse_two_fused_unary(net: Net, node: Node) -> bool:
    """A function of a function."""
    after = node.child("fused_unary")
    return after is not None and _fused(net, after, node.source)


@reaching(1)
def fuse_one_fused_unary_with_binary(net: Net, node: Node) -> bool:
    """A function of a tensor and that tensor itself."""
    for index in (0, 1):
        function = node.input_is(index, "fused_unary")
        if function is not None:
            if function.source is node.inputs[1 - index]:
                return _fused(net, node, function.source)
            if index == 0:
                break  # (the second operand is only looked at where the first is no function)
    return False


@reaching(1)
def fuse_two_fused_unary_with_binary(net: Net, node: Node) -> bool:
    """Two functions of the same tensor."""
    one, other = (node.input_is(index, "fused_unary") for index in (0, 1))
    if one is None or other is None or one.source is not other.source:
        return False
    return _fused(net, node, one.source)


def _fused(net: Net, node: Node, source: Node) -> bool:
    net.redirect(node, net.add(node, "fused_unary", [source], source.shape))
    return True


FUSE_UNARY: list[Rule] = [
    ("unary", fuse_one_unary),
    ("binary", fuse_one_binary),
    ("fused_unary", fuse_two_fused_unary),
    ("binary", fuse_one_fused_unary_with_binary),
    ("binary", fuse_two_fused_unary_with_binary),
]
