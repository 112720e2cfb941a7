"""The compiler's intermediate form: a graph that rules rewrite, one match after the other.

nncase tries its transforms in order of rank, each on every node from the picture on; after
a match it begins again with the first one. `rewrite` finds the same matches with a queue:
only what a match touched is tried again.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count

from dse.chips.k210.cost.ordering import depth_first
from dse.network.graph import Padding, Shape

__all__ = ["NO_PADDING", "Node", "Rule", "Web", "rewrite"]

NO_PADDING: Padding = (0, 0, 0, 0)

MERGED = ("pad", "slice", "concat")
"""Operations without weights, of which the compiler keeps one where it finds two equal ones."""


@dataclass(eq=False)
class Node:
    """One operation. `inputs` and `users` are kept equal by `Web`.

    op: "input", "conv", "kpu_conv", "pad", "slice", "concat", "add", "unary", "pool",
        "output", or an operation that only the CPU knows.
    layer: the network's layer that it works for; place: that layer's number.
    kernel, stride, padding, depthwise: of a window; `pooled` of a KPU convolution that a 2x2
        pick follows. padding of a "pad": zeros added, negative where it crops.
    begin, end: of a slice, the first row and column it keeps, and the first it does not.
    from_pad_conv: a pad whose zero is an integer to the compiler, which merges no others.
    """

    op: str
    layer: str
    place: int
    inputs: list[Node]
    shape: Shape
    kernel: int = 1
    stride: int = 1
    padding: Padding = NO_PADDING
    depthwise: bool = False
    pooled: bool = False
    begin: tuple[int, int] = (0, 0)
    end: tuple[int, int] = (0, 0)
    from_pad_conv: bool = False
    users: list[Node] = field(default_factory=list)
    alive: bool = True

    def child(self, op: str) -> Node | None:
        """The first reader that is an `op`."""
        return next((user for user in self.users if user.op == op), None)

    @property
    def source(self) -> Node:
        """What it reads first."""
        return self.inputs[0]

    def does_as(self, other: Node) -> bool:
        """It makes the same of the same inputs as `other`, an operation of the same name."""
        sides = (self.shape, self.stride, self.padding, self.begin, self.end)
        others = (other.shape, other.stride, other.padding, other.begin, other.end)
        return sides == others and self.from_pad_conv == other.from_pad_conv

    @property
    def is_whole(self) -> bool:
        """A slice that begins at the first pixel and ends at the last one."""
        return self.begin == (0, 0) and self.end == self.source.shape[:2]


class Web:
    """Nodes that know their readers."""

    def __init__(self) -> None:
        self.outputs: list[Node] = []
        self.touched: list[Node] = []

    def add(self, node: Node) -> Node:
        """Enters `node` among the readers of its inputs."""
        for source in node.inputs:
            source.users.append(node)
        self.touched += (node, *node.inputs)
        return node

    def follow(
        self, near: Node, op: str, inputs: list[Node], shape: Shape, **values: object
    ) -> Node:
        """A new node that works for the same layer as `near`."""
        return self.add(Node(op, near.layer, near.place, inputs, shape, **values))  # type: ignore[arg-type]

    def replace(self, old: Node, new: Node) -> None:
        """Every reader of `old` reads `new`; what nobody reads any more is dropped."""
        for user in old.users:
            user.inputs = [new if source is old else source for source in user.inputs]
            new.users.append(user)
        self.touched += (new, *new.inputs)
        old.users = []
        self.drop(old)

    def drop(self, node: Node) -> None:
        """Removes a node that nobody reads, and what only it read."""
        if node.users or not node.alive or node.op in ("input", "output"):
            return
        node.alive = False
        for source in node.inputs:
            source.users.remove(node)
            self.touched.append(source)
            self.drop(source)

    def merge_equal(self) -> None:
        """One of all nodes that do the same with the same (`graph::cse`)."""
        seen: dict[tuple[object, ...], list[Node]] = {}
        for node in self.in_order():
            if node.op in MERGED:
                key = (node.op, *map(id, node.inputs))
                rivals = seen.setdefault(key, [])
                same = next((rival for rival in rivals if node.does_as(rival)), None)
                if same is None:
                    rivals.append(node)
                else:
                    self.replace(node, same)

    def in_order(self) -> list[Node]:
        """Every node after those that it reads, depth first from the outputs."""
        return depth_first(self.outputs, lambda node: node.inputs)


Rule = tuple[str, Callable[[Web, Node], bool]]
"""The operation it begins at, and what rewrites there; true when it did."""


def rewrite(web: Web, rules: Sequence[Rule]) -> None:
    """Applies `rules`, the first ones first, until none matches."""
    of_op = _ranked(rules)
    queue: list[tuple[int, int, int, Node, Callable[[Web, Node], bool]]] = []
    number, queued = count(), set[tuple[int, Node]]()

    def enter(node: Node) -> None:
        for rank, apply in of_op.get(node.op, ()):
            if (rank, node) not in queued:
                queued.add((rank, node))
                heapq.heappush(queue, (rank, node.place, next(number), node, apply))

    for node in web.in_order():
        enter(node)
    changed, web.touched = bool(web.touched), []
    while queue:
        rank, _, _, node, apply = heapq.heappop(queue)
        queued.remove((rank, node))
        if node.alive and apply(web, node):
            changed = True
            for touched in dict.fromkeys(web.touched):
                if touched.alive:
                    enter(touched)
            web.touched = []
    if changed:
        web.merge_equal()


def _ranked(rules: Sequence[Rule]) -> dict[str, list[tuple[int, Callable[[Web, Node], bool]]]]:
    """What rewrites at each operation, with its place among `rules`."""
    of_op: dict[str, list[tuple[int, Callable[[Web, Node], bool]]]] = {}
    for rank, (op, apply) in enumerate(rules):
        of_op.setdefault(op, []).append((rank, apply))
    return of_op
