from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dse.chips import check, chip, explain, load_target
from dse.chips.advice import Advice, Judged, worth_it
from dse.chips.checking import check_table
from dse.chips.k210.compiler.tflite import random_tflite
from dse.chips.verdict import REJECTED, Verdict
from tests.chips.networks import BOTTOM_RIGHT, chain, conv, depthwise

TARGET = load_target("k210")


def judged(latency_ms: float, status: str = "accepted") -> Judged:
    told = check("A98-a0.5-224", TARGET)
    verdict = replace(Verdict(REJECTED), status=status)
    return Judged(replace(told.cost, latency_ms=latency_ms), told.uses, verdict)


def change(cause: str, before: Judged, after: Judged) -> Advice:
    return Advice(cause, "why", ("layer",), "keras", "pytorch", before, after)


def test_what_mends_the_verdict_comes_first_and_what_gains_little_not_at_all() -> None:
    slow, rejected = judged(100), judged(100, "rejected")
    faster = change("faster", slow, judged(50))
    mends = change("mends", rejected, judged(99))
    little = change("little", slow, judged(98))
    worse = change("worse", slow, judged(10, "rejected"))
    assert worth_it([faster, little, worse, mends]) == [mends, faster]


def test_a_price_that_is_not_known_after_it_is_no_advice() -> None:
    lost = judged(10, "unknown")
    lost = replace(lost, cost=replace(lost.cost, unknown_ops=(("a", "warp"),)))
    assert worth_it([change("lost", judged(100), lost)]) == []
    found = change("found", lost, judged(100))
    assert worth_it([found]) == [found]
    assert found.as_dict()["before"]["latency_ms"] is None


def test_check_says_the_first_and_explain_all(tmp_path: Path) -> None:
    graph = chain((64, 64, 3), conv("a", 16, 3), depthwise("b", 2), conv("head", 125))
    layers = [replace(one, padding=BOTTOM_RIGHT) if one.stride == 2 else one for one in graph]
    path = tmp_path / "own.tflite"
    path.write_bytes(random_tflite(replace(graph, layers=tuple(layers)), seed=0))
    row = check(path, TARGET).as_dict()
    text = check_table([row], TARGET)
    assert row["advice"]["cause"] == "one_sided_padding"
    assert "what to change: TensorFlow pads" in text
    assert "Keras:   x = ZeroPadding2D(1)" in text
    assert text.count("PyTorch") == 1
    told = explain(str(path), TARGET)
    assert [one.cause for one in told.advice] == ["one_sided_padding", "head_channels"]
    assert told.table().count("PyTorch") == 2
    assert [one["cause"] for one in told.as_dict()["advice"]] == [one.cause for one in told.advice]


def test_a_candidate_is_advised_by_explain_alone() -> None:
    assert check("A98-a0.5-224", TARGET).advice is None  # it has a nearest design instead
    assert "additions" in {one.cause for one in explain("A98-a0.5-224", TARGET).advice}


def test_a_chip_may_have_none() -> None:
    from dse.chips.chip import Chip

    graph = chain((8, 8, 3), conv("a", 4))
    cost = chip("k210").price(graph, "kpu8", TARGET)
    assert Chip.advice(chip("k210"), graph, cost, TARGET) == ()
