"""Timelines: every step timed, every buffer where it is said to be."""

import pytest

from dse.chips.k210.cost.lowering import lower
from dse.chips.k210.cost.memory import plan_memory
from dse.chips.k210.cost.price import price
from dse.chips.k210.cost.timeline import PLACES, Timeline, timeline
from dse.chips.k210.target import K210Target
from dse.network.detector import detector_graph
from dse.space import Training

TARGET = K210Target.load("k210")
GRAPH = detector_graph(Training.parse("A98-a0.5-224"))


@pytest.fixture(scope="module")
def times() -> Timeline:
    return timeline(lower(GRAPH), TARGET)


def test_steps_add_up_to_the_cost(times: Timeline) -> None:
    cost = price(GRAPH, "kpu8", TARGET)
    assert sum(step["ms"] for step in times.steps) == pytest.approx(cost.latency_ms)
    assert max(step["kpu_end_bytes"] for step in times.steps) == cost.peak_kpu_bytes
    assert max(step["data_end_bytes"] for step in times.steps) == cost.data_bytes
    assert {step["place"] for step in times.steps} <= set(PLACES)


def test_cycles_are_the_kpus(times: Timeline) -> None:
    for step in times.steps:
        if step["place"] == "kpu":
            assert step["kpu_cycles"] / TARGET.kpu_clock_hz == pytest.approx(
                step["ms"] / 1e3, rel=1e-3
            )
        else:
            assert step["kpu_cycles"] is None


def test_living_buffers_never_overlap(times: Timeline) -> None:
    for buffers in (times.kpu_buffers, times.data_buffers):
        for number, one in enumerate(buffers):
            for other in buffers[:number]:
                together = one["birth"] <= other["death"] and other["birth"] <= one["death"]
                apart = (
                    one["start_bytes"] + one["size_bytes"] <= other["start_bytes"]
                    or other["start_bytes"] + other["size_bytes"] <= one["start_bytes"]
                )
                assert apart or not together, (one, other)


def test_what_lives_is_no_more_than_what_is_reached(times: Timeline) -> None:
    """The difference is what fragmentation costs."""
    for step in times.steps:
        assert 0 <= step["kpu_live_bytes"] <= step["kpu_end_bytes"]
        assert 0 <= step["data_live_bytes"] <= step["data_end_bytes"]
    assert any(step["kpu_live_bytes"] < step["kpu_end_bytes"] for step in times.steps)


def test_buffers_reach_the_planned_peaks(times: Timeline) -> None:
    plan = plan_memory(lower(GRAPH))
    peak = max(times.kpu_buffers, key=lambda b: b["start_bytes"] + b["size_bytes"])
    assert (peak["layer"], peak["place"]) == (plan.peak_layer, "kpu")
    assert peak["start_bytes"] + peak["size_bytes"] == plan.peak_kpu_bytes
