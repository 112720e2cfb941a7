"""What joins a convolution, a product or a pool; operations that do nothing.

Source: nncase v1.9.0, src/transforms/neutral/{fuse_clamp, fold_conv2d_binary, binary_motion,
remove_binary, simplify_reduce, global_reduce_window_to_reduce, fold_matmul_add, matmul_to_conv2d,
split_sigmoid}.cpp; each rule has the name of its class.
"""

from __future__ import annotations

import math

from dse.chips.k210.ir.cutting import convolved
from dse.chips.k210.ir.importing import FULL
from dse.chips.k210.ir.net import Net, Node, Rule, reaching
from dse.chips.k210.ir.shapes import reduced

__all__ = ["FOLD", "MATMUL_TO_CONV", "REMOVE_BINARY", "SPLIT_SIGMOID"]

NON_NEGATIVE = (0.0, math.inf)


def _both(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return max(one[0], other[0]), min(one[1], other[1])


@reaching(0)
def fuse_clamp(net: Net, node: Node) -> bool:
    """A clamp is the fused activation of the convolution or of the `binary` before it."""
    before = node.source
    if before.op not in ("conv", "binary"):
        return False
    values = {**before.values, "clamp": _both(before["clamp"], node["clamp"])}
    new = net.add(before, before.op, before.inputs, before.shape, **values)
    net.redirect(node, new)
    return True


@reaching(0)
def remove_nonsense_binary(net: Net, node: Node) -> bool:
    """`+ 0`, `- 0`, `* 1` and `/ 1`."""
    constant = node.input_is(0, "constant") or node.input_is(1, "constant")
    if constant is None:
        return False
    second = constant is node.inputs[1]
    neutral = {"add": 0.0, "mul": 1.0, **({"sub": 0.0, "div": 1.0} if second else {})}
    kept = node.inputs[0 if second else 1]
    if constant["uniform"] is None or constant["uniform"] != neutral.get(node["kind"]):
        return False
    if kept.shape != node.shape:
        kept = net.add(node, "broadcast", [kept], node.shape)
    net.redirect(node, kept)
    return True


@reaching(1)
def fold_conv2d_biasadd(net: Net, node: Node) -> bool:
    """A constant for each channel, added, is the bias."""
    if node["kind"] != "add":
        return False
    for index in (0, 1):
        conv, constant = node.input_is(index, "conv"), node.input_is(1 - index, "constant")
        if conv is not None and constant is not None:
            break
    else:
        return False
    bias = conv.input_is(2, "constant")
    if conv["clamp"] != FULL or bias is None:
        return False
    if math.prod(bias.shape) != math.prod(constant.shape):
        return False
    net.redirect(node, convolved(net, conv, conv.source, clamp=node["clamp"]))
    return True


@reaching(2)
def fold_conv2d_mul(net: Net, node: Node) -> bool:
    """A constant for each channel, multiplied, goes into the weights."""
    product = node.child("binary")
    if product is None or product["kind"] != "mul" or node["clamp"] != FULL:
        return False
    constant = product.parent("constant")
    channels = node.shape[1]
    if constant is None or constant.shape not in ((channels, 1, 1), (1, channels, 1, 1)):
        return False
    if [list(source.users) for source in (*node.inputs[1:], node, constant)] != [
        [node], [node], [product], [product],
    ]:  # fmt: skip
        return False  # (a bias that two convolutions share is not theirs to change)
    net.redirect(product, convolved(net, node, node.source, clamp=product["clamp"]))
    return True


def binary_reduce_window2d_motion_up(net: Net, node: Node) -> bool:
    """What is added to all pixels of a channel may be added before they are pooled."""
    pool = node.child("pool")
    after = pool.child("binary") if pool else None
    constant = after.parent("constant") if after else None
    if pool is None or after is None or constant is None:
        return False
    if node.users != [pool] or pool.users != [after] or constant.users != [after]:
        return False
    channels = node.shape[1]
    if (node["clamp"], pool["clamp"]) != (FULL, FULL) or pool["kind"] != "max":
        return False
    if constant.shape not in ((channels, 1, 1), (1, channels, 1, 1)):
        return False
    if after["kind"] != "add" and (after["kind"] != "mul" or constant["has_negative"]):
        return False
    moved = net.add(after, "binary", [node, constant], node.shape, **after.values)
    net.connect(pool, 0, moved)
    net.redirect(after, pool)
    return True


@reaching(0)
def simplify_reduce(net: Net, node: Node) -> bool:
    """An axis that goes, and the next one of a single element, which stands for it."""
    shape, axes = node.source.shape, node["axes"]
    if len(axes) != 1 or node["keep"]:
        return False
    axis = axes[0]
    if len(shape) <= axis + 1 or shape[axis + 1] != 1:
        return False
    flat = net.add(node, "bitcast", [node.source], (*shape[: axis + 1], *shape[axis + 2 :]))
    values = {**node.values, "keep": True}
    net.redirect(node, net.add(node, "reduce", [flat], reduced(flat.shape, axes, True), **values))
    return True


@reaching(0)
def global_reduce_window_to_reduce(net: Net, node: Node) -> bool:
    """A window as large as the map."""
    if (node["padding_h"], node["padding_w"]) != ((0, 0), (0, 0)):
        return False
    if node["kernel"] != node.source.shape[2:]:
        return False
    shape = (*node.source.shape[:2], 1, 1)
    new = net.add(node, "reduce", [node.source], shape, kind=node["kind"], axes=(2, 3), keep=True)
    net.redirect(node, new)
    return True


@reaching(1)
def fold_matmul_add(net: Net, node: Node) -> bool:
    """A constant added to a product of matrices is its bias."""
    if node["kind"] != "add":
        return False
    for index in (0, 1):
        product, constant = node.input_is(index, "matmul"), node.input_is(1 - index, "constant")
        if product is not None and constant is not None:
            break
    else:
        return False
    if product["clamp"] != FULL or math.prod(product.inputs[2].shape) != math.prod(constant.shape):
        return False
    values = {**product.values, "clamp": node["clamp"]}
    new = net.add(product, "matmul", product.inputs, product.shape, **values)
    net.redirect(node, net.add(node, "bitcast", [new], node.shape))
    return True


def matmul_to_conv2d(net: Net, node: Node) -> bool:
    """A product with a constant matrix is a 1x1 convolution of maps of one pixel."""
    rows, matrix, bias = node.inputs
    if len(rows.shape) != 2 or len(matrix.shape) != 2 or matrix.op != "constant":
        return False
    width, out = matrix.shape
    pixels = net.add(node, "bitcast", [rows], (*rows.shape, 1, 1))
    weights = net.add(matrix, "constant", [], (out, width, 1, 1), **matrix.values)
    conv = net.add(
        node, "conv", [pixels, weights, bias], (rows.shape[0], out, 1, 1), kernel=(1, 1), groups=1,
        padding=[(0, 0), (0, 0)], stride=(1, 1), dilation=(1, 1), clamp=node["clamp"],
    )  # fmt: skip
    net.redirect(node, net.add(node, "bitcast", [conv], node.shape))
    return True


def split_sigmoid(net: Net, node: Node) -> bool:
    """1 / (1 + exp(-x))."""
    one = net.add(node, "constant", [], (1,), uniform=1.0, has_negative=False)
    power = node.source
    for kind in ("neg", "exp"):
        power = net.add(node, "unary", [power], node.shape, kind=kind)
    for kind in ("add", "div"):
        power = net.add(node, "binary", [one, power], node.shape, kind=kind, clamp=NON_NEGATIVE)
    net.redirect(node, power)
    return True


REMOVE_BINARY: list[Rule] = [("binary", remove_nonsense_binary)]
FUSE_CLAMP: list[Rule] = [("clamp", fuse_clamp)]
FOLD: list[Rule] = [
    ("clamp", fuse_clamp),
    ("conv", binary_reduce_window2d_motion_up),
    ("binary", fold_conv2d_biasadd),
    ("conv", fold_conv2d_mul),
]
SIMPLIFY: list[Rule] = [
    ("reduce", simplify_reduce),
    ("pool", global_reduce_window_to_reduce),
]
FOLD_MATMUL: list[Rule] = [("binary", fold_matmul_add)]
MATMUL_TO_CONV: list[Rule] = [("matmul", matmul_to_conv2d)]
SPLIT_SIGMOID: list[Rule] = [("sigmoid", split_sigmoid)]
