"""A graph of tensors of any rank, and rules that rewrite it, as in nncase 1.9.

A node writes one tensor. Maps are (1, channels, height, width), as the compiler keeps them; what
the file has with the channels last stands behind a transpose. Each node knows its readers, in the
order in which they were connected: the compiler takes the first that fits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from itertools import count
from operator import attrgetter
from typing import Any

from dse.chips.k210.cost.ordering import depth_first
from dse.network.operators import Sides

__all__ = ["Net", "Node", "Rule", "reaching", "rewrite"]

NEVER_MERGED = ("input", "output", "constant", "fused_unary", "lookup", "kpu_conv2d")
"""`dontcse_ops`, and operations with a function, a table or weights of their own."""

NEAR = 3
"""How far from a change a rule may look: the longest pattern has four nodes in a row."""

FAR = NEAR + 1


@dataclass(eq=False)
class Node:
    """One operation. `inputs` and `users` are kept equal by `Net`; a reader counts for each time.

    layer: the network's layer that it works for; place: where that stands in the file.
    item_bytes: of a number that it writes. values: by name, what else the operation needs.
    quantized: the compiler looks at the range of the result (`cnctr_attr_need_quantize`).
    fixed: the result keeps its layout in memory (`cnctr_attr_no_layout_strides`).
    range: whose range the result has, once that is known; parameters: of a conversion, whose range
    it is for.
    """

    op: str
    layer: str
    place: int
    inputs: list[Node]
    shape: Sides
    values: dict[str, Any] = field(default_factory=dict)
    item_bytes: int = 4
    users: list[Node] = field(default_factory=list)
    number: int = 0
    alive: bool = True
    quantized: bool = False
    fixed: bool = False
    range: object = None
    parameters: object = None

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    @property
    def source(self) -> Node:
        """What it reads first."""
        return self.inputs[0]

    def child(self, *ops: str) -> Node | None:
        """The first reader that is one of `ops`."""
        return next((user for user in self.users if user.op in ops), None)

    def parent(self, op: str) -> Node | None:
        """The first input that is an `op`."""
        return next((source for source in self.inputs if source.op == op), None)

    def input_is(self, index: int, op: str) -> Node | None:
        """Input `index` where that is an `op`."""
        found = self.inputs[index] if index < len(self.inputs) else None
        return found if found is not None and found.op == op else None

    def does_as(self, other: Node) -> bool:
        """It does the same as `other`, an operation of the same name with the same inputs."""
        ours, theirs = (
            {name: value for name, value in node.values.items() if name not in IGNORED}
            for node in (self, other)
        )
        same = (self.item_bytes, self.parameters) == (other.item_bytes, other.parameters)
        return same and ours == theirs


IGNORED = ("padding_w",)
"""The compiler compares a window's padding of columns with itself (`reduce_window2d.cpp`)."""


class Net:
    """Nodes that know their readers.

    touched: what was added or changed, in that order, and more than once where that is so. settled:
    of a rule that matched nowhere any more, how much of `touched` there was then.
    """

    def __init__(self) -> None:
        self.outputs: list[Node] = []
        self.inputs: list[Node] = []
        self.touched: list[Node] = []
        self.settled: dict[Apply, int] = {}
        self._merged = 0
        self._order: tuple[int, list[Node]] = (0, [])
        self._numbers = count()

    def add(
        self, near: Node | tuple[str, int], op: str, inputs: Sequence[Node], shape: Iterable[int],
        item_bytes: int = 4, **values: Any,
    ) -> Node:  # fmt: skip
        """A new node, for the layer of `near`, entered among the readers of its inputs."""
        layer, place = (near.layer, near.place) if isinstance(near, Node) else near
        node = Node(op, layer, place, list(inputs), tuple(shape), values, item_bytes)
        node.number = next(self._numbers)
        for source in inputs:
            source.users.append(node)
        self.touched += (node, *inputs)
        return node

    def redirect(self, old: Node, new: Node) -> None:
        """Every reader of `old` reads `new`; what nobody reads any more is dropped."""
        readers, old.users = old.users, []
        for user in dict.fromkeys(readers):
            user.inputs = [new if source is old else source for source in user.inputs]
        new.users += readers
        self.touched += (new, *readers)
        self.drop(old)

    def connect(self, user: Node, index: int, new: Node) -> None:
        """Input `index` of `user` becomes `new`."""
        old = user.inputs[index]
        old.users.remove(user)
        user.inputs[index] = new
        new.users.append(user)
        self.touched += (user, old, new)
        self.drop(old)

    def drop(self, node: Node) -> None:
        """Removes a node that nobody reads, and what only it read."""
        waiting = [node]
        while waiting:
            node = waiting.pop()
            if node.users or not node.alive or node.op == "output":
                continue
            node.alive = False
            for source in node.inputs:
                source.users.remove(node)
                self.touched.append(source)
                waiting.append(source)

    def remove_unread(self) -> None:
        """Drops what leads to no output (`graph::dce`)."""
        needed = set(self.in_order())
        for node in needed:
            node.users = [user for user in node.users if user in needed]

    def in_order(self) -> list[Node]:
        """Every node after those that it reads, depth first from the outputs."""
        if self._order[0] != len(self.touched):
            self._order = (len(self.touched), depth_first(self.outputs, attrgetter("inputs")))
        return self._order[1]

    def merge_equal(self) -> None:
        """One of all nodes that do the same with the same (`graph::cse`): the oldest."""
        while self._merged < len(self.touched):
            self._merged = len(self.touched)
            seen: dict[tuple[object, ...], list[Node]] = {}
            for node in sorted(self.in_order(), key=attrgetter("number")):
                if node.op not in NEVER_MERGED and node.alive:
                    rivals = seen.setdefault((node.op, *map(id, node.inputs)), [])
                    same = next((rival for rival in rivals if rival.does_as(node)), None)
                    if same is None:
                        rivals.append(node)
                    else:
                        self.redirect(node, same)


Apply = Callable[[Net, Node], bool]
Rule = tuple[str, Apply]
"""The operation at which it begins, and what rewrites there: true when it did."""

_REACH: dict[Apply, int] = {}


def reaching(steps: int) -> Callable[[Apply], Apply]:
    """Of a rule that asks for readers and inputs of no node more than `steps` from its own, instead
    of NEAR: it need not be tried again for a change farther away."""

    def told(apply: Apply) -> Apply:
        _REACH[apply] = steps
        return apply

    return told


def rewrite(net: Net, rules: Sequence[Rule]) -> None:
    """Applies `rules`, the first ones first, until none matches; then merges what is equal.

    A rule that was tried everywhere before is tried where something has changed since.
    """
    of_op = _ranked(rules)
    queue, queued = _first_places(net, of_op[0]), set[tuple[int, Node]]()
    queued.update((rank, node) for rank, _, _, node, _ in queue)
    number = len(queue)
    while queue:
        rank, _, _, node, apply = heappop(queue)
        queued.remove((rank, node))
        before = len(net.touched)
        if node.alive and apply(net, node):
            for changed, steps in _around(net.touched[before:], len(of_op) - 1).items():
                for rank, apply in of_op[steps].get(changed.op, ()):
                    if (rank, changed) not in queued:
                        queued.add((rank, changed))
                        heappush(queue, (rank, changed.place, number, changed, apply))
                        number += 1
    net.settled.update((apply, len(net.touched)) for _, apply in rules)
    net.merge_equal()


Ranked = dict[str, list[tuple[int, Apply]]]
"""Rules by the operation at which they begin, each with its rank."""


def _ranked(rules: Sequence[Rule]) -> list[Ranked]:
    """At each distance from a change, those that it may be for."""
    reach = [_REACH.get(apply, NEAR) for _, apply in rules]
    found: list[Ranked] = [{} for _ in range(max(reach) + 1)]
    for rank, (op, apply) in enumerate(rules):
        for near in found[: reach[rank] + 1]:
            near.setdefault(op, []).append((rank, apply))
    return found


Place = tuple[int, int, int, Node, Apply]
"""What is tried next: a rule's rank, a node's place in the file, a number; the node, the rule."""


def _first_places(net: Net, of_op: Ranked) -> list[Place]:
    """Where rules are to be tried, as a heap."""
    starts = {net.settled.get(apply, 0) for ranked in of_op.values() for _, apply in ranked}
    changed = {start: _around(net.touched[start:]) for start in starts if start}
    queue: list[Place] = []
    if starts == {len(net.touched)}:
        return queue
    for node in net.in_order():
        for rank, apply in of_op.get(node.op, ()):
            start = net.settled.get(apply, 0)
            if not start or changed[start].get(node, FAR) <= _REACH.get(apply, NEAR):
                queue.append((rank, node.place, len(queue), node, apply))
    heapify(queue)
    return queue


def _around(touched: Iterable[Node], reach: int = NEAR) -> dict[Node, int]:
    """`touched` and what is near, without the dead, each with its distance."""
    found = dict.fromkeys((node for node in touched if node.alive), 0)
    edge = list(found)
    for steps in range(1, reach + 1):
        edge = [
            node
            for middle in edge
            for node in (*middle.inputs, *middle.users)
            if node not in found and node.op != "constant"
        ]
        found.update(dict.fromkeys(edge, steps))
    return found
