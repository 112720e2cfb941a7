"""A design's panel, the search's story and the comparison, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dse.chips import explain, load_target
from dse.views.dashboard.page import write_dashboard
from tests.views.dashboard.reader import Reader

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page_path(record: Any, record_maker: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    other = record_maker(12, name="second")
    return write_dashboard([record, other], tmp_path_factory.mktemp("panel") / "page.html")


@pytest.fixture(scope="module")
def reader(browser: Any) -> Iterator[Reader]:
    reader = Reader(browser, viewport={"width": 1440, "height": 900})
    yield reader
    reader.context.close()


def _data(page: Any, plot: str) -> Any:
    return page.evaluate(f"document.getElementById('{plot}').data")


def test_the_panel_draws_memory_and_time(reader: Reader, page_path: Path) -> None:
    page = reader.open(page_path)
    page.locator("#table tbody .open").first.focus()
    page.keyboard.press("Enter")
    told = explain(page.inner_text("#details-heading"), load_target("k210")).as_dict()
    drawn = {tuple(trace["meta"]): trace for trace in _data(page, "timeline-plot")}
    for number, part in enumerate(("kpu", "data")):
        count = sum(len(trace["x"]) for key, trace in drawn.items() if key[0] == number)
        assert count == len(told[f"{part}_buffers"])
    ms = sum(sum(trace["y"]) for key, trace in drawn.items() if key[0] == "time")
    assert ms == pytest.approx(told["latency_ms"], rel=1e-3)
    dearest = max(told["layers"], key=lambda layer: layer["latency_ms"])
    assert page.locator("#details table").first.inner_text().count(dearest["layer"]) == 1
    page.locator("#details summary").click()
    assert page.locator("#details details tbody tr").count() == len(told["layers"])
    assert reader.complaints == []


def test_a_rejected_design_shows_what_would_not_fit(reader: Reader, page_path: Path) -> None:
    page = reader.open(page_path, "#hide=&formats=all")
    near = page.evaluate(
        """dse.study().rows.filter((row) => row.state === "rejected"
           && dse.account(row).memories?.[0].buffers.length && row.reason === "kpu_memory")
           .map((row) => row.candidate)"""
    )
    told = next(one for one in (explain(name, load_target("k210")).as_dict() for name in near)
                if one["peak_kpu_bytes"] > one["kpu_memory_bytes"])  # fmt: skip
    page.evaluate("(name) => dse.select(name)", told["design"])
    figure = page.evaluate("document.getElementById('timeline-plot').layout")
    assert figure["shapes"][0]["y0"] == told["kpu_memory_bytes"] / 2**20
    assert figure["yaxis"]["range"][1] > told["peak_kpu_bytes"] / 2**20
    [far] = page.evaluate(
        """dse.study().rows.filter((row) => row.state === "rejected" && !dse.account(row).steps)
           .slice(0, 1).map((row) => row.candidate)"""
    )
    page.evaluate("(name) => dse.select(name)", far)
    assert f"dse explain {far} --figure {far}.html" in page.inner_text("#details")
    page.click("#copy-explain")
    page.wait_for_function("document.getElementById('copy-explain').textContent !== 'Copy'")
    assert reader.complaints == []


def test_the_panel_draws_precision_and_every_format(
    reader: Reader, page_path: Path, record: Any
) -> None:
    page = reader.open(page_path)
    page.locator("#table tbody .open").first.click()
    name = page.inner_text("#details-heading")
    row = next(row for row in record.rows if row["candidate"] == name)
    assert _data(page, "precision-plot")[0]["name"] == "kpu8"
    [dots] = _data(page, "accuracy-plot")
    assert f"kpu8 <b>{row['ap']:.3f}</b>" in dots["y"]
    assert f"kmodel <b>{row['kmodel_ap']:.3f}</b>" in dots["y"]
    assert f"({row['ap_low']:.3f} to {row['ap_high']:.3f})" in page.inner_text("#details")


def test_hypervolume_switches_to_minutes(reader: Reader, page_path: Path, record: Any) -> None:
    page = reader.open(page_path)
    assert _data(page, "hypervolume-plot")[0]["x"][-1] == len(record.history)
    page.locator("#over-control label", has_text="minutes").click()
    minutes = record.history["elapsed_s"].iloc[-1] / 60
    assert _data(page, "hypervolume-plot")[0]["x"][-1] == pytest.approx(minutes)
    assert "R²" in page.inner_text("#importance-note")
    lines = "[...document.querySelectorAll('#importance-plot tspan.line')]"  # Plotly's own class
    fills = page.evaluate(f"{lines}.map((one) => getComputedStyle(one).fill)")
    assert fills and "none" not in fills


def test_studies_stand_beside_each_other(reader: Reader, page_path: Path) -> None:
    page = reader.open(page_path)
    assert [trace["name"] for trace in _data(page, "comparison-plot")] == ["k210-001", "second"]
    heads = page.locator("#comparison-table th").all_inner_texts()
    assert "at 10 frames/s" in heads
    page.fill("#fps", "40")
    assert "at 40 frames/s" in page.locator("#comparison-table th").all_inner_texts()
    page.locator("#axis-control label", has_text="kmodel size").click()
    title = "document.getElementById('comparison-plot').layout.xaxis.title.text"
    assert page.evaluate(title) == "kmodel size (KiB)"
    assert reader.complaints == []
