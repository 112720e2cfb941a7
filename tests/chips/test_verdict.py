from __future__ import annotations

from dataclasses import replace

import pytest

from dse.chips import load_target
from dse.chips.checking import Checked, check, check_table
from dse.chips.cost import Refusal
from dse.chips.pricing import judge
from dse.chips.verdict import refused, unknown

TARGET = load_target("k210")
GROUPED = Refusal("conv_3", "conv_2d", "a grouped convolution comes out as a plain one", "groups=1")
ELU = Refusal("act", "elu", "the compiler knows no such operation", "use ReLU")


def with_cost(**fields: object) -> Checked:
    """A design whose cost is another one's but for `fields`."""
    checked = check("A98-a0.5-224", TARGET)
    cost = replace(checked.cost, **fields)  # type: ignore[arg-type]
    return replace(checked, cost=cost, verdict=judge(cost, TARGET))


def test_a_refusal_says_where_why_and_what_instead() -> None:
    verdict = refused([GROUPED, ELU, ELU])
    assert (verdict.status, verdict.reason, verdict.layer) == ("refused", "compiler", "conv_3")
    assert verdict.message.startswith("the compiler cannot: conv_2d at conv_3: a grouped")
    assert "2 more elu" in verdict.message
    assert verdict.instead == "groups=1"


def test_unknown_operations_are_all_told_with_counts() -> None:
    verdict = unknown([("a", "warp"), ("b", "elu"), ("c", "warp")])
    assert (verdict.status, verdict.reason, verdict.layer) == ("unknown", "unsupported", "a")
    assert "'warp' (2, first at a), 'elu' (1, first at b)" in verdict.message


def test_a_refused_network_has_no_figures() -> None:
    told = with_cost(refusals=(GROUPED,), peak_kpu_bytes=1 << 30)
    assert (told.verdict.status, told.fits) == ("refused", False)  # whatever its size
    row = told.as_dict()
    assert (row["verdict"], row["instead"]) == ("refused", "groups=1")
    assert {row["latency_ms"], row["latency_ms_low"], row["energy_mj"]} == {None}
    line = check_table([row], TARGET).splitlines()[2]
    assert line.split() == [row["candidate"], "refused", *"-" * 6]
    assert "instead: groups=1" in check_table([row], TARGET)
    assert "time unknown" in repr(told)


@pytest.mark.parametrize("operations", [{"warp": 1}, {"warp": 2, "elu": 1}])
def test_an_unknown_network_has_no_time(operations: dict[str, int]) -> None:
    named = tuple((f"{op}_{n}", op) for op, count in operations.items() for n in range(count))
    row = with_cost(unknown_ops=named).as_dict()
    assert (row["verdict"], row["latency_ms"]) == ("unknown", None)
    assert row["unknown_operations"] == operations
    assert " ms" not in check_table([row], TARGET)


def test_what_is_known_has_all_figures() -> None:
    row = with_cost().as_dict()
    assert (row["instead"], row["unknown_operations"]) == (None, {})
    assert row["latency_ms"] > 0


def test_nobody_is_sent_to_a_compiler_that_there_is_not() -> None:
    assert unknown([("a", "warp")]).message.endswith(": ask the compiler with --compile")
    assert (
        unknown([("a", "warp")], compiler=False).message == "no rule covers 'warp' (1, first at a)"
    )
