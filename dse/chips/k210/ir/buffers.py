"""Views and copies: what lies in another one's memory, and what must be copied there.

Source: nncase v1.9.0, src/transforms/neutral/optimize_allocation.cpp. Slices without a stride,
concatenations and reshapes are views; the compiler first copies around all of them, then takes
the copies away that nothing needs.
"""

from __future__ import annotations

from collections.abc import Iterable

from dse.chips.k210.ir.net import Net, Node

__all__ = ["fuse_buffers", "is_one_piece", "is_view"]

FIXED = ("upload", "download", "kpu_conv2d", "constant")


def is_view(node: Node) -> bool:
    """It costs nothing and has no memory of its own."""
    if node.op == "slice":
        return set(node["strides"]) == {1}
    return node.op in ("concat", "bitcast")


def fuse_buffers(net: Net, calls: dict[Node, int]) -> None:
    """Adds the copies that remain. calls: the KPU's call of a node in one; copies are entered."""
    fusion = _Fusion(net, calls)
    fusion.mark()
    fusion.add_copies()
    while any([fusion.to_output(), fusion.from_slices(), fusion.to_views()]):
        pass


class _Fusion:
    """fixed: results whose layout must stay; unfused: in whose memory nothing else may lie; slices:
    pieces of another one's memory."""

    def __init__(self, net: Net, calls: dict[Node, int]) -> None:
        self.net, self.calls = net, calls
        self.fixed: set[Node] = set()
        self.unfused: set[Node] = set()
        self.slices: set[Node] = set()

    def mark(self) -> None:
        order = self.net.in_order()
        self.fixed.update(node for node in order if node.fixed or node.op in FIXED)
        self.slices.update(node for node in order if node.op == "slice" and is_view(node))
        self.unfused |= self.slices
        for node in order:
            if node.op == "bitcast":
                self.fixed.add(node.source)
                for flags in (self.fixed, self.unfused, self.slices):
                    if node.source in flags:
                        flags.add(node)

    def leaves(self, node: Node) -> list[Node]:
        """Readers outside of the call, or of the network, that it is in."""
        return [
            user for user in dict.fromkeys(node.users)
            if user.op == "output" or self.calls.get(user) != self.calls.get(node)
        ]  # fmt: skip

    def is_given(self, source: Node, near: Node) -> bool:
        """`source` comes from outside of the call that `near` is in."""
        inside = self.calls.get(near)
        return source.op == "input" or (inside is not None and self.calls.get(source) != inside)

    def copy(self, source: Node, near: Node) -> Node:
        node = self.net.add(near, "copy", [source], source.shape, source.item_bytes)
        if near in self.calls:
            self.calls[node] = self.calls[near]
        return node

    def copy_for(self, node: Node, readers: Iterable[Node]) -> None:
        copied = self.copy(node, node)
        for user in readers:
            for index, source in enumerate(user.inputs):
                if source is node:
                    self.net.connect(user, index, copied)

    def add_copies(self) -> None:
        order = self.net.in_order()
        for node in order:
            if node.op == "concat":
                self.copy_in(node)
        for node in order:
            readers = list(dict.fromkeys(node.users))
            if node.op == "slice" and is_view(node) and any(u.op != "copy" for u in readers):
                self.copy_for(node, readers)
        for node in self.net.in_order():
            self.copy_out(node)
        for node in order:
            if node.op == "bitcast":
                self.copy_in(node)

    def copy_in(self, view: Node) -> None:
        """A copy of all that `view` reads, where that is none yet."""
        for index, source in enumerate(view.inputs):
            if source.op != "copy":
                self.net.connect(view, index, self.copy(source, view))

    def copy_out(self, node: Node) -> None:
        """A copy for those outside: one for all outside of a call, one for each output."""
        left = self.leaves(node)
        if not left or (node.op == "copy" and len(node.users) == 1):
            return
        if node in self.calls:
            self.copy_for(node, left)
            return
        for user in left:
            if user.op == "output":
                self.copy_for(node, [user])

    def is_uploaded(self, copy: Node) -> bool:
        """By its own call; what reads it for another one is a call, to the compiler."""
        uploads = (user for user in copy.users if user.op == "upload")
        return any(self.calls.get(user) == self.calls.get(copy) for user in uploads)

    def copies(self) -> list[Node]:
        return [node for node in self.net.in_order() if node.op == "copy"]

    def remove(self, copy: Node) -> None:
        self.net.redirect(copy, copy.source)

    def given_out(self, copy: Node) -> bool:
        """It writes a result of its call, or of the network."""
        left = self.leaves(copy)
        return bool(left) if copy in self.calls else any(user.op == "output" for user in left)

    def to_output(self) -> bool:
        changed = False
        for copy in self.copies():
            source = copy.source
            if not self.given_out(copy) or source in self.slices:
                continue
            if not self.is_given(source, copy):
                self.fixed.add(source)
                self.remove(copy)
                changed = True
        return changed

    def from_slices(self) -> bool:
        changed = False
        for copy in self.copies():
            cut = copy.source
            if cut.op != "slice" or not is_view(cut):
                continue
            if self.given_out(copy) or copy.child("concat"):
                continue
            if is_one_piece(cut):
                self.fixed.add(cut)
            elif {copy, cut} & self.fixed or self.is_uploaded(copy):
                continue
            self.remove(copy)
            changed = True
        return changed

    def to_views(self) -> bool:
        changed = False
        for copy in self.copies():
            source, joined, reshaped = copy.source, copy.child("concat"), copy.child("bitcast")
            given = self.is_given(source, copy)
            if joined is not None:
                whole = set(joined.shape[: joined["axis"]]) <= {1} or source not in self.fixed
                other = source.op == "concat" and source["axis"] != joined["axis"]
                stays = given or not whole or other
            elif reshaped is not None:
                stays = (
                    given and bool(self.leaves(reshaped)) and reshaped.child("output") is not None
                )
            else:
                continue
            if stays or source in self.unfused:
                continue
            self.unfused.add(source)
            self.remove(copy)
            changed = True
        return changed


def is_one_piece(cut: Node) -> bool:
    """`is_simple_slice`: it lies in one stretch of memory."""
    may_cut = True
    for axis, side in enumerate(cut.source.shape):
        if (cut["begin"][axis], cut["end"][axis]) != (0, side):
            if not may_cut:
                return False
            may_cut = False
        elif side != 1:
            may_cut = False
    return True
