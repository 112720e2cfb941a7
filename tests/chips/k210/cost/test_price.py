"""Prices: sums that must add up, and what may and may not depend on what."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dse.chips import price_space
from dse.chips.k210.cost.price import price
from dse.chips.k210.target import K210Target
from dse.errors import UnknownName
from dse.network.detector import detector_graph
from dse.space import FORMATS, Candidate, SearchSpace, Training
from tests.chips.k210.costs import k210_cost

TARGET = K210Target.load("k210")
SPACE = SearchSpace.load("mobilenetv2_face")


@given(st.sampled_from(list(SPACE)))
@settings(max_examples=40, deadline=None)
def test_a_cost_adds_up(candidate: Candidate) -> None:
    cost = k210_cost(candidate, TARGET)
    assert cost.main_memory_bytes == (
        cost.kmodel_bytes + cost.input_bytes + cost.output_bytes + cost.data_bytes
    )
    assert cost.latency_ms == pytest.approx(sum(layer.latency_ms for layer in cost.layers))
    assert cost.latency_ms_low < cost.latency_ms < cost.latency_ms_high
    assert cost.energy_mj == pytest.approx(cost.latency_ms * TARGET.chip_power_w)
    assert cost.macs == sum(layer.macs for layer in cost.layers)
    assert cost.parameters == sum(layer.parameters for layer in cost.layers)
    assert cost.deployable == (candidate.format == "kpu8")
    if cost.deployable:
        assert sum(layer.constant_bytes for layer in cost.layers) < cost.kmodel_bytes


@given(st.sampled_from(list(SPACE)), st.sampled_from([63, 98]))
@settings(max_examples=20, deadline=None)
def test_lambda_costs_nothing(candidate: Candidate, frozen_until: int) -> None:
    other = replace(candidate.training, frozen_until=frozen_until).in_format(candidate.format)
    assert k210_cost(other, TARGET) == k210_cost(candidate, TARGET)


@pytest.mark.parametrize("format", FORMATS)
def test_a_candidate_costs_what_its_graph_costs(format: str) -> None:
    candidate = Candidate.parse(f"C98-a0.5-160-{format}")
    direct = price(detector_graph(candidate.training), format, TARGET)
    assert k210_cost(candidate, TARGET) == direct


def test_every_format_of_the_cpu_runs_the_same_program() -> None:
    costs = {f: k210_cost(Candidate.parse(f"A98-a0.5-224-{f}"), TARGET) for f in FORMATS}
    cpu = [cost for format, cost in costs.items() if format != "kpu8"]
    assert len({cost.latency_ms for cost in cpu}) == 1
    assert {cost.peak_kpu_bytes for cost in cpu} == {0}
    assert costs["FP32"].kmodel_bytes == 4 * 210_765
    assert costs["Q7"].kmodel_bytes == costs["FP16"].kmodel_bytes == 2 * 210_765
    assert costs["kpu8"].latency_ms < cpu[0].latency_ms


@pytest.mark.parametrize("breakpoint", ["A", "B", "C"])
def test_wider_networks_cost_more(breakpoint: str) -> None:
    costs = [
        k210_cost(Candidate.parse(f"{breakpoint}63-a{width}-128-kpu8"), TARGET)
        for width in (0.35, 0.5, 0.75, 1.0)
    ]
    for field in ("parameters", "macs", "kmodel_bytes", "latency_ms", "peak_kpu_bytes"):
        values = [getattr(cost, field) for cost in costs]
        assert values == sorted(values), field


def test_a_space_is_priced_in_its_order() -> None:
    assert [one.candidate for one in price_space(SPACE, TARGET)] == list(SPACE)


def test_half_of_the_deployable_space_fits() -> None:
    deployable = [one for one in price_space(SPACE, TARGET) if one.cost.deployable]
    reasons = [one.verdict.reason for one in deployable]
    assert len(deployable) == 256
    assert reasons.count("") == 128
    assert reasons.count("kpu_memory") == 128


def test_unknown_formats_are_refused() -> None:
    with pytest.raises(UnknownName, match="unknown format 'kpu9'"):
        price(detector_graph(Training.parse("A98-a0.5-224")), "kpu9", TARGET)
    with pytest.raises(UnknownName, match="unknown format 'kpu9'"):
        price_space([Training.parse("A98-a0.5-224").in_format("kpu9")], TARGET)
