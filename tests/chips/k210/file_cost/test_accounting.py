"""The account of a kmodel: rows that add up, reasons, buffers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import dse
from tests.chips.k210.file_cost.files import KPU_BYTES, version_3, version_4, written
from tests.chips.k210.old_kmodels import Version3, Version4

Make = Callable[[], Version3 | Version4]


@pytest.mark.parametrize("make", [version_3, version_4])
def test_it_adds_up(make: Make, tmp_path: Path) -> None:
    told = dse.explain(written(make(), tmp_path), "k210-maixpy-full")
    account, cost = told.account, told.checked.cost
    assert [row["op"] for row in account.layers] == ["input", "KPU convolution", "dequantize"]
    assert sum(row["latency_ms"] for row in account.layers) == pytest.approx(cost.latency_ms)
    assert sum(step["ms"] for step in account.steps) == pytest.approx(cost.latency_ms)
    assert sum(row["share"] for row in account.layers) == pytest.approx(1)
    assert {step["place"] for step in account.steps} <= set(told.on.places)
    assert max(row["kpu_live_bytes"] for row in account.layers) == KPU_BYTES
    assert sum(row["macs"] for row in account.layers) == cost.macs
    for memory in account.memories:
        assert max(r["start_bytes"] + r["size_bytes"] for r in memory.rows) == memory.peak_bytes
        assert memory.peak_bytes <= memory.limit_bytes
        assert all(0 <= r["birth"] <= r["death"] < len(account.steps) for r in memory.rows)
    assert told.as_dict()["kmodel_version"] == int(make.__name__[-1])
    assert "together" in told.table()


def test_version_4_copies_and_version_3_does_not(tmp_path: Path) -> None:
    copying = dse.explain(written(version_4(), tmp_path)).account
    assert [s["op"] for s in copying.steps] == ["input", "kpu_conv", "download", "dequantize"]
    assert copying.layers[1]["why"] == "CPU: copies the maps to main memory"
    assert copying.layers[1]["runs_on"] == "kpu+cpu"
    sending = dse.explain(written(version_3(), tmp_path)).account
    assert [s["op"] for s in sending.steps] == ["input", "kpu_conv", "dequantize"]
    assert sending.layers[1]["why"] == "writes to main memory by DMA"
    assert sending.layers[1]["runs_on"] == "kpu"


def test_the_figure_is_drawn(tmp_path: Path) -> None:
    from dse.views.dashboard import write_explanation

    told = dse.explain(written(version_4(), tmp_path))
    assert write_explanation(told, tmp_path / "figure.html").stat().st_size > 1000
