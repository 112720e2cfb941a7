"""Which operations make one call of the KPU's module.

Source: nncase v1.9.0, src/ir/graph.partition.cpp. What follows its only source is of its region, if
of the same module; regions of the KPU then take in the regions behind and before them that only
view, and each other, where no work of the CPU lies between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from dse.chips.k210.ir.buffers import is_view
from dse.chips.k210.ir.net import Net, Node

__all__ = ["kpu_regions"]

ON_KPU = ("upload", "download", "kpu_conv2d")
NO_WORK = ("input", "output", "constant")


@dataclass(eq=False)
class _Region:
    """number: its place among all. What it reads and writes is found once, until it takes another
    region in."""

    on_kpu: bool
    number: int
    nodes: dict[Node, None] = field(default_factory=dict)

    @cached_property
    def only_views(self) -> bool:
        return all(is_view(node) for node in self.nodes)

    @cached_property
    def inputs(self) -> dict[Node, None]:
        """Results from outside that it reads."""
        read = (source for node in self.nodes for source in node.inputs)
        return dict.fromkeys(s for s in read if s not in self.nodes and s.op != "constant")

    @cached_property
    def outputs(self) -> dict[Node, None]:
        """Its results that others read."""
        left = (n for n in self.nodes if any(user not in self.nodes for user in n.users))
        return dict.fromkeys(left)

    def take(self, other: _Region) -> None:
        """The nodes of `other` become its own."""
        self.nodes.update(other.nodes)
        for name in ("only_views", "inputs", "outputs"):
            self.__dict__.pop(name, None)


def kpu_regions(net: Net) -> dict[Node, int]:
    """For each node in a call of the KPU the number of that call."""
    regions = _created(net)
    changed = True
    while changed:
        changed = any([
            _merged(regions, _is_child),
            _merged(regions, _is_parent),
            _merged(regions, _reads_the_same),
        ])  # fmt: skip
    while _merged(regions, _hangs_on, near=False):
        pass
    called = (region for region in regions if region.on_kpu)
    return {node: number for number, region in enumerate(called) for node in region.nodes}


def _created(net: Net) -> list[_Region]:
    regions: list[_Region] = []
    of: dict[Node, _Region] = {}
    for node in net.in_order():
        if node.op in NO_WORK:
            continue
        on_kpu = node.op in ON_KPU
        region = _last_region(node, of)
        if region is None or region.on_kpu != on_kpu:
            region = _Region(on_kpu, len(regions))
            regions.append(region)
        region.nodes[node] = None
        of[node] = region
    return regions


def _last_region(node: Node, of: dict[Node, _Region]) -> _Region | None:
    """The region of all that it reads; none where that are several, or constants."""
    if any(source.op == "constant" for source in node.inputs) or node.op == "lookup":
        return None
    found = {of[source] for source in node.inputs if source in of}
    return found.pop() if len(found) == 1 else None


Fits = Callable[[_Region, _Region, Mapping[Node, _Region]], bool]
"""Whether a region can take another one in. The last argument: the region that each node is in."""


def _merged(regions: list[_Region], fits: Fits, *, near: bool = True) -> bool:
    """Takes regions into others that they fit, the first ones first, until none does.

    near: whether two fit depends on themselves alone, so that others need not be asked again.
    """
    ever, done = False, set[_Region]()
    of = {node: region for region in regions for node in region.nodes}
    while True:
        for one in regions:
            if one in done:
                continue
            taken = [
                other
                for other in _near(one, of)
                if (one.on_kpu or other.on_kpu) and fits(one, other, of)
            ]
            if taken:
                for other in taken:
                    one.take(other)
                    of.update(dict.fromkeys(other.nodes, one))
                    regions.remove(other)
                done = done.difference(_near(one, of)) if near else set()
                ever = True
                break
            done.add(one)
        else:
            return ever


def _near(one: _Region, of: dict[Node, _Region]) -> list[_Region]:
    """Those that read it, that it reads, or that read the same, in their order."""
    nodes = [user for node in (*one.outputs, *one.inputs) for user in node.users]
    found = {of[node] for node in (*nodes, *one.inputs) if node in of} - {one}
    return sorted(found, key=lambda region: region.number)


def _joins(one: _Region, other: _Region) -> bool:
    return one.on_kpu == other.on_kpu or other.only_views


def _is_child(one: _Region, other: _Region, _: Mapping[Node, _Region]) -> bool:
    outputs = one.outputs
    return _joins(one, other) and _all_in(other.inputs, outputs)


def _is_parent(one: _Region, other: _Region, _: Mapping[Node, _Region]) -> bool:
    if not other.only_views:
        return False
    users = (user for node in other.outputs for user in node.users if user not in other.nodes)
    return _all_in(users, one.nodes)


def _reads_the_same(one: _Region, other: _Region, _: Mapping[Node, _Region]) -> bool:
    return one.on_kpu == other.on_kpu and set(one.inputs) == set(other.inputs)


def _all_in(some: Iterable[Node], all_: Iterable[Node]) -> bool:
    return set(some) <= set(all_)


def _hangs_on(one: _Region, other: _Region, of: Mapping[Node, _Region]) -> bool:
    """It reads something of `one`, and nothing that the CPU makes of that."""
    inputs = other.inputs
    if not _joins(one, other) or not set(inputs) & set(one.outputs):
        return False
    if len(inputs) == 1:
        return True
    waiting = [of[node] for node in inputs if node in of and of[node] is not one]
    seen = set(waiting)
    while waiting:
        region = waiting.pop()
        before = [of[node] for node in region.inputs if node in of]
        if one in before and not region.on_kpu and not region.only_views:
            return False
        new = [known for known in before if known is not one and known not in seen]
        seen.update(new)
        waiting += new
    return True
