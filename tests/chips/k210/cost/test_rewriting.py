"""Rules meet nodes in the compiler's order, and nothing dead stays among the readers."""

from dse.chips.k210.cost.rewriting import Node, Web, rewrite


def chain(*ops: str) -> tuple[Web, list[Node]]:
    """Nodes one after the other, on a map of 8x8, and an output at the end."""
    web, nodes = Web(), list[Node]()
    for place, op in enumerate(ops):
        nodes.append(web.add(Node(op, f"{op}_{place}", place, nodes[-1:], (8, 8, 4))))
    web.outputs.append(web.add(Node("output", "end", len(ops), nodes[-1:], (8, 8, 4))))
    return web, nodes


def drop_pad(web: Web, node: Node) -> bool:
    web.replace(node, node.source)
    return True


def ops(web: Web) -> list[str]:
    return [node.op for node in web.in_order()]


def test_a_rule_is_applied_until_it_matches_nothing() -> None:
    web, _ = chain("input", "pad", "pad", "conv", "pad")
    rewrite(web, [("pad", drop_pad)])
    assert ops(web) == ["input", "conv", "output"]


def test_the_first_rule_goes_first_and_the_first_node_too() -> None:
    seen = []

    def note(name: str):  # type: ignore[no-untyped-def]
        def rule(web: Web, node: Node) -> bool:
            seen.append((name, node.layer))
            return False

        return rule

    web, _ = chain("input", "slice", "pad", "slice")
    rewrite(web, [("slice", note("first")), ("pad", note("second")), ("slice", note("third"))])
    assert seen == [
        ("first", "slice_1"), ("first", "slice_3"), ("second", "pad_2"),
        ("third", "slice_1"), ("third", "slice_3"),
    ]  # fmt: skip


def test_what_a_match_touched_is_tried_again() -> None:
    """Two slices become neighbours only when the pad between them has gone."""
    met = []

    def neighbours(web: Web, node: Node) -> bool:
        if node.child("slice"):
            met.append(node.layer)
        return False

    web, _ = chain("input", "slice", "pad", "slice")
    rewrite(web, [("slice", neighbours), ("pad", drop_pad)])
    assert met == ["slice_1"]


def test_dropped_nodes_leave_their_sources() -> None:
    web, nodes = chain("input", "conv", "pad")
    web.replace(nodes[2], nodes[0])
    assert not nodes[1].alive
    assert [user.op for user in nodes[0].users] == ["output"]


def test_equal_nodes_become_one() -> None:
    web, nodes = chain("input", "pad")
    twin = web.add(Node("pad", "twin", 9, [nodes[0]], (8, 8, 4)))
    web.outputs.append(web.add(Node("output", "other", 10, [twin], (8, 8, 4))))
    web.merge_equal()
    assert ops(web).count("pad") == 1
    assert len(nodes[1].users) == 2
