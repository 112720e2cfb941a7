from __future__ import annotations

from dse.chips.k210.ir.net import Net, Node, reaching, rewrite

NEAR = ("layer", 0)


def chain(*ops: str) -> tuple[Net, list[Node]]:
    """Nodes that read one another, from an input to an output."""
    net = Net()
    nodes = [net.add(NEAR, "input", [], (4,))]
    for op in ops:
        nodes.append(net.add(NEAR, op, [nodes[-1]], (4,)))
    net.outputs.append(net.add(NEAR, "output", [nodes[-1]], (4,)))
    return net, nodes


def test_what_nobody_reads_any_more_is_dropped_with_what_it_alone_read() -> None:
    net, (first, one, two) = chain("one", "two")
    net.redirect(two, first)
    assert not one.alive
    assert not two.alive
    assert first.users == net.outputs


def test_a_reader_counts_for_each_time_it_reads() -> None:
    net, (first, one) = chain("one")
    double = net.add(NEAR, "binary", [one, one], (4,))
    assert one.users == [*net.outputs, double, double]
    net.redirect(one, first)
    assert double.inputs == [first, first]


def test_rules_are_tried_until_none_matches() -> None:
    net, _ = chain("same", "same", "same")

    def drop(net: Net, node: Node) -> bool:
        net.redirect(node, node.source)
        return True

    rewrite(net, [("same", drop)])
    assert [node.op for node in net.in_order()] == ["input", "output"]


def test_equal_operations_are_one_but_functions_never_are() -> None:
    net, (first, *_) = chain("copy")
    for op in ("copy", "fused_unary", "fused_unary"):
        net.outputs.append(net.add(NEAR, "output", [net.add(NEAR, op, [first], (4,))], (4,)))
    net.merge_equal()
    ops = [node.op for node in net.in_order()]
    assert (ops.count("copy"), ops.count("fused_unary")) == (1, 2)


def test_what_leads_to_no_output_is_not_counted_among_readers() -> None:
    net, (first, one) = chain("one")
    net.add(NEAR, "lost", [first], (4,))
    net.remove_unread()
    assert first.users == [one]


def test_a_rule_is_tried_again_only_where_something_changed() -> None:
    net, nodes = chain("same", "same", "same", "same", "same", "same", "same", "same")
    tried: list[Node] = []

    @reaching(0)
    def watch(_: Net, node: Node) -> bool:
        tried.append(node)
        return False

    rewrite(net, [("same", watch)])
    assert tried == nodes[1:]
    tried.clear()
    rewrite(net, [("same", watch)])
    assert tried == []
    added = net.add(NEAR, "same", [nodes[4]], (4,))
    net.outputs.append(net.add(NEAR, "output", [added], (4,)))
    rewrite(net, [("same", watch)])
    assert set(tried) == {nodes[4], added}


def test_equal_operations_behind_equal_ones_are_one_too() -> None:
    net, (first, *_) = chain("one")
    ends = [net.add(NEAR, "two", [net.add(NEAR, "one", [first], (4,))], (4,)) for _ in "ab"]
    net.outputs += [net.add(NEAR, "output", [end], (4,)) for end in ends]
    net.merge_equal()
    assert [node.op for node in net.in_order()].count("two") == 1
