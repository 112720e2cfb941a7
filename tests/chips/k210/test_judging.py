"""Verdicts on a K210: which limit, at which layer, by how much."""

from dataclasses import replace

import pytest

from dse.chips import judge
from dse.chips.k210.cost.price import K210Cost, price
from dse.chips.k210.target import K210Target
from dse.network.detector import detector_graph
from dse.network.graph import Graph, Layer
from dse.space import Training


@pytest.fixture(scope="module")
def target() -> K210Target:
    return K210Target.load("k210")


def cost_of(name: str, target: K210Target, format: str = "kpu8") -> K210Cost:
    return price(detector_graph(Training.parse(name)), format, target)


def test_accepted(target: K210Target) -> None:
    cost = cost_of("A98-a0.5-224", target)
    verdict = judge(cost, target)
    assert verdict.accepted and (cost.kmodel_version, cost.written_as) == (5, "")
    assert (verdict.reason, verdict.layer, verdict.excess) == ("", "", 0.0)


def test_kpu_memory_names_layer_and_numbers(target: K210Target) -> None:
    verdict = judge(cost_of("A98-a0.75-224", target), target)
    assert (verdict.status, verdict.reason) == ("rejected", "kpu_memory")
    assert verdict.layer == "block_1_depthwise"
    assert (verdict.needed_bytes, verdict.allowed_bytes) == (2_981_888, 2_097_152)
    assert "884,736 too many" in verdict.message
    assert verdict.excess == pytest.approx(0.4219, abs=1e-3)


def test_a_limit_is_still_allowed(target: K210Target) -> None:
    cost = cost_of("A98-a0.5-224", target)
    exact = replace(
        target,
        kpu_memory_bytes=cost.peak_kpu_bytes,
        main_memory_bytes=cost.main_memory_bytes,
    )
    assert judge(cost, exact).accepted
    short = replace(exact, kpu_memory_bytes=cost.peak_kpu_bytes - 1)
    assert judge(cost, short).reason == "kpu_memory"


def test_main_memory_is_less_what_the_firmware_keeps(target: K210Target) -> None:
    cost = cost_of("A98-a0.5-224", target)
    crowded = replace(target, firmware_bytes=target.main_memory_bytes - cost.main_memory_bytes + 1)
    verdict = judge(cost, crowded)
    assert (verdict.reason, verdict.needed_bytes) == ("main_memory", cost.main_memory_bytes)
    assert verdict.allowed_bytes == cost.main_memory_bytes - 1
    assert verdict.layer == "block_2_add"


def test_a_firmware_that_cannot_load_the_file() -> None:
    maixpy = replace(K210Target.load("k210-maixpy-minimum"), kmodel_versions_written=(5,))
    verdict = judge(cost_of("A98-a0.35-96", maixpy), maixpy)
    assert (verdict.status, verdict.reason) == ("rejected", "kmodel_version")
    assert verdict.message == "K210, MaixPy minimum loads kmodel version 3; this is version 5"


@pytest.mark.parametrize(
    "name", ["k210-maixpy-full", "k210-maixpy-minimum", "k210-m5stickv", "k210-canmv"]
)
def test_a_firmware_gets_the_version_that_it_loads(name: str) -> None:
    firmware = K210Target.load(name)
    cost = cost_of("A98-a0.5-224", firmware)
    assert cost.kmodel_version == cost.figures["kmodel_version"] == 3
    assert cost.written_as == "kmodel version 3" and judge(cost, firmware).accepted
    padded = cost_of("A98-a0.35-200", firmware)  # maps of odd sides, which version 3 cannot pad
    assert judge(padded, firmware).accepted == (4 in firmware.kmodel_versions_loaded)
    assert padded.kmodel_version == firmware.kmodel_versions_written[-1]


def test_a_version_that_cannot_express_the_network() -> None:
    """A convolution of 5 x 5 runs on the CPU in float32, which is not carried over."""
    maixpy = K210Target.load("k210-maixpy-full")
    source = Layer("input", "input", (), (32, 32, 3))
    wide = Layer("wide", "conv", ("input",), (32, 32, 8), kernel=5, padding=(2, 2, 2, 2))
    verdict = judge(price(Graph("w", (source, wide), ("wide",)), "kpu8", maixpy), maixpy)
    assert (verdict.status, verdict.reason) == ("rejected", "kmodel_version")
    assert verdict.message == (
        "kmodel version 3 or 4 cannot be written: layer wide needs 'conv' on the CPU"
    )


def test_formats_of_the_cpu_need_no_kpu_memory(target: K210Target) -> None:
    cost = cost_of("A98-a0.5-224", target, "FP16")
    assert cost.peak_kpu_bytes == 0
    assert judge(cost, target).accepted
    assert judge(cost_of("B98-a1-320", target, "FP32"), target).reason == "main_memory"


def test_unknown_operations_are_not_judged(target: K210Target) -> None:
    layers = detector_graph(Training.parse("A98-a0.5-224")).layers
    soft = Layer("soft", "hard_swish", ("head",), layers[-1].shape)
    verdict = judge(price(Graph("s", (*layers, soft), ("soft",)), "kpu8", target), target)
    assert (verdict.status, verdict.reason, verdict.layer) == ("unknown", "unsupported", "soft")
    assert "hard_swish" in verdict.message
