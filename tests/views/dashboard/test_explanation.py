"""The figure of one design: every buffer a rectangle at its place, the limit, the culprit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dse.chips import Explanation, explain, load_target
from dse.views.dashboard import write_explanation
from dse.views.dashboard.explanation import MIB, timeline_figure
from dse.views.dashboard.style import ALERT

TARGET = load_target("k210")


@pytest.fixture(scope="module")
def accepted() -> Explanation:
    return explain("A98-a0.5-224-kpu8", TARGET)


@pytest.fixture(scope="module")
def rejected() -> Explanation:
    return explain("A98-a1-224-kpu8", TARGET)


def words(figure: Any) -> str:
    return "\n".join(note.text for note in figure.layout.annotations)


def rectangles(figure: Any, axis: str) -> set[tuple[float, float, float, float]]:
    """(left, right, bottom, top) of the bars on `axis`."""
    return {
        (x - width / 2, x + width / 2, base, base + y)
        for trace in figure.data
        if trace.yaxis == axis
        for x, width, base, y in zip(trace.x, trace.width, trace.base, trace.y, strict=True)
    }


@pytest.mark.parametrize(("memory", "axis"), [("kpu", "y"), ("data", "y2")])
def test_every_buffer_lies_at_its_address_while_it_lives(
    accepted: Explanation, memory: str, axis: str
) -> None:
    expected = {
        (
            buffer["birth"] - 0.5,
            buffer["death"] + 0.5,
            buffer["start_bytes"] / MIB,
            buffer["start_bytes"] / MIB + buffer["size_bytes"] / MIB,
        )
        for buffer in accepted.as_dict()[f"{memory}_buffers"]
    }
    assert rectangles(timeline_figure(accepted), axis) == expected


def test_what_does_not_fit_is_marked_and_named(rejected: Explanation) -> None:
    figure = timeline_figure(rejected)
    (culprits,) = (trace for trace in figure.data if trace.name == "does not fit")
    assert culprits.marker.color == ALERT
    assert culprits.marker.pattern.shape == "/"  # not by colour alone
    assert len(culprits.x) == 1
    assert "<b>block_1_depthwise</b>" in words(figure)
    assert "884,736 bytes too many" in words(figure)
    assert "rejected" in figure.layout.title.text


def test_what_fits_is_marked_nowhere(accepted: Explanation) -> None:
    figure = timeline_figure(accepted)
    assert "does not fit" not in {trace.name for trace in figure.data}
    assert "too many" not in words(figure)
    assert "2 MiB of KPU memory" in words(figure)


def test_axes_begin_at_zero_and_hold_every_limit_that_is_near(rejected: Explanation) -> None:
    figure = timeline_figure(rejected)
    bottom, top = figure.layout.yaxis.range
    assert bottom == 0
    assert top > rejected.as_dict()["peak_kpu_bytes"] / MIB
    assert figure.layout.yaxis2.range[0] == 0
    assert "above this axis" in words(figure)  # .data is far from its limit: said, not drawn
    assert len(figure.layout.shapes) == 1


def test_times_are_those_of_the_steps(accepted: Explanation) -> None:
    drawn = sum(sum(trace.y) for trace in timeline_figure(accepted).data if trace.yaxis == "y3")
    assert drawn == pytest.approx(accepted.checked.cost.latency_ms)


def test_names_below_are_few_enough_to_read(accepted: Explanation) -> None:
    ticks = timeline_figure(accepted).layout.xaxis3
    apart = [b - a for a, b in zip(ticks.tickvals, ticks.tickvals[1:], strict=False)]
    assert min(apart) >= len(accepted.account.steps) / 44
    assert max(len(name) for name in ticks.ticktext) <= 22


def test_a_network_without_the_kpu_has_an_empty_panel() -> None:
    figure = timeline_figure(explain("A98-a0.5-224-Q8", TARGET))
    assert figure.layout.yaxis.range[1] > 2
    assert "2 MiB of KPU memory" in words(figure)


def test_names_are_text_and_no_markup(accepted: Explanation) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    first, *others = accepted.account.memories
    layer = first.rows[0]["layer"]
    buffers = [
        {**buffer, "layer": hostile if buffer["layer"] == layer else buffer["layer"]}
        for buffer in first.rows
    ]
    account = replace(accepted.account, memories=[replace(first, rows=buffers), *others])
    figure = timeline_figure(
        replace(accepted, account=account, checked=replace(accepted.checked, design=hostile))
    )
    assert "<img" not in str(figure.to_json())


def test_the_figure_is_written_as_its_suffix_says(rejected: Explanation, tmp_path: Path) -> None:
    path = write_explanation(rejected, tmp_path / "sub" / "figure.html")
    text = path.read_text(encoding="utf-8")
    assert "block_1_depthwise" in text
    assert "<script src=" not in text  # plotly.js is inside
