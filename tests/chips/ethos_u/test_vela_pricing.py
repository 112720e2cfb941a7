"""Costs and accounts of reports, without Vela."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from dse.chips import chip, load_target
from dse.chips.ethos_u import pricing
from dse.chips.ethos_u.report import Operation, Placed, Report
from dse.chips.ethos_u.target import EthosUTarget
from dse.network.graph import Graph, Layer
from tests.chips.ethos_u.installed import grove

GRAPH = Graph(
    "two",
    (
        Layer("input", "input", (), (32, 32, 3)),
        Layer("conv", "conv", ("input",), (16, 16, 8), 3, 2, (1,) * 4, "relu6", bias=True),
        Layer("head", "conv", ("conv",), (16, 16, 5), bias=True),
    ),
    ("head",),
)
REPORT = Report(
    sram_bytes=5000,
    flash_bytes=1000,
    encoded_bytes=300,
    weight_bytes=400,
    cycles=400_000,
    macs=1,
    operations=(
        Operation("conv_pad", "MemoryCopy", True, 50_000, 5000),
        Operation("conv", "Conv2D", True, 150_000, 4000),
        Operation("head", "Conv2D", True, 200_000, 3000),
    ),
    buffers=(Placed("conv", 0, 2048, 1, 2), Placed("WB_1", 2048, 2952, 2, 2)),
    reasons=(),
)


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Vela says REPORT of everything; how many networks it was asked about, each time."""
    counts: list[int] = []

    def reports(files: Sequence[bytes], target: EthosUTarget) -> list[Report]:
        counts.append(len(files))
        return [REPORT] * len(files)

    monkeypatch.setattr(pricing, "reports", reports)
    return counts


def price(format: str = "int8", **changed: Any) -> Any:
    return chip("ethos_u").price(GRAPH, format, replace(grove(), **changed))


def test_cycles_become_milliseconds_with_a_band() -> None:
    cost = price(npu_clock_hz=200_000_000, time_factor_low=0.5, time_factor_high=3.0, power_w=0.5)
    assert (cost.latency_ms_low, cost.latency_ms, cost.latency_ms_high) == (1.0, 2.0, 6.0)
    assert cost.energy_mj == 1.0
    assert math.isnan(price(power_w=0.0).energy_mj)


def test_sram_is_velas_and_the_runtimes() -> None:
    cost = price(runtime_sram_bytes=100)
    assert (cost.sram_bytes, cost.sram_layer) == (5100, "conv")  # its pad needs most


def test_flash_is_a_band_around_what_depends_on_weights() -> None:
    cost = price()
    assert (cost.flash_bytes_low, cost.flash_bytes, cost.flash_bytes_high) == (940, 1000, 1140)
    assert "between 1 and 1 KiB" in cost.notes[0]
    stored = price("FP16")
    assert stored.flash_bytes == 2 * GRAPH.parameters and not stored.notes
    assert stored.sram_bytes == cost.sram_bytes and not stored.deployable


def test_all_formats_are_one_question(told: list[int]) -> None:
    from dse.network.detector import Network

    networks = [Network("P", width, 96) for width in (0.5, 1.0)]
    found = chip("ethos_u").price_many(networks, ["int8", "FP32"], grove())
    assert told == [2]
    assert set(found) == {(one, format) for one in networks for format in ("int8", "FP32")}


def test_an_account_gives_what_vela_made_to_the_layer_it_serves() -> None:
    account = chip("ethos_u").account(GRAPH, "int8", grove())
    assert [(step["layer"], step["ms"]) for step in account.steps] == [
        ("conv", 0.125), ("conv", 0.375), ("head", 0.5),
    ]  # fmt: skip
    assert [row["latency_ms"] for row in account.layers] == [0.0, 0.5, 0.5]
    (memory,) = account.memories
    assert [(row["layer"], row["holds"]) for row in memory.rows] == [
        ("conv", "map"), ("head", "weights"),
    ]  # fmt: skip


def test_a_limit_is_ours() -> None:
    target = replace(grove(), sram_bytes=5127)
    verdict = chip("ethos_u").judge(price(), target)
    assert (verdict.reason, verdict.layer, verdict.needed_bytes) == ("sram", "conv", 5128)
    flash = chip("ethos_u").judge(price(), replace(grove(), flash_bytes=999))
    assert (flash.reason, flash.layer) == ("flash", "conv")


def test_no_vela_is_asked_about_what_cannot_be_told(told: list[int]) -> None:
    odd = Graph("odd", (*GRAPH.layers, Layer("odd", "softmax", ("head",), (16, 16, 5))), ("odd",))
    cost = chip("ethos_u").price(odd, "int8", load_target("grove-vision-ai-v2"))
    assert cost.unknown_ops == (("odd", "softmax"),)
    assert told == [0]
