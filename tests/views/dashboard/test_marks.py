"""What the pointer shows on a design."""

from __future__ import annotations

from typing import Any

import pytest

from dse.study.columns import study_columns
from dse.views.dashboard.frames import study_tables
from dse.views.dashboard.marks import Marks, canvas_of, hover_text, input_sizes, reference_traces
from dse.views.dashboard.references import references
from dse.views.dashboard.style import axes_of

COLUMNS = study_columns()
AXES = axes_of(COLUMNS)


def _first(record: Any, state: str) -> dict[Any, Any]:
    designs = study_tables(record).designs
    row: dict[Any, Any] = designs[designs["state"] == state].iloc[0].to_dict()
    return row


def test_a_measured_design_shows_both_aps(record: Any) -> None:
    designs = study_tables(record).designs
    row = designs[designs["measured"]].iloc[0].to_dict()
    text = hover_text(row, COLUMNS)
    interval = f"({row['ap_low']:.3f} to {row['ap_high']:.3f})"
    assert f"AP {row['ap']:.3f} {interval}, kmodel {row['kmodel_ap']:.3f}" in text
    assert f"{row['latency_ms']:.1f} ms ({row['latency_ms_low']:.1f} to" in text


def test_a_rejected_design_shows_the_reason_and_no_ap(record: Any) -> None:
    text = hover_text(_first(record, "rejected"), COLUMNS)
    assert "rejected: kpu memory" in text
    assert "AP" not in text


def test_a_stopped_design_says_so(record: Any) -> None:
    row = _first(record, "stopped")
    assert f"stopped early at AP {row['val_ap']:.3f}" in hover_text(row, COLUMNS)


def test_unknown_costs_are_left_out(record: Any) -> None:
    nan = float("nan")
    row = {**_first(record, "front"), "latency_ms": nan, "kmodel_bytes": nan, "ap_low": nan}
    assert "nan" not in hover_text(row, COLUMNS)
    assert " ms" not in hover_text(row, COLUMNS)


def test_a_published_mark_says_its_input_and_source() -> None:
    [stars, ticks] = reference_traces(references(COLUMNS), AXES["latency_ms"], COLUMNS)
    assert list(stars.text) == []
    slim = next(text for text in ticks.text if text.startswith("Ultra-Light slim-320"))
    assert "AP not given, input 320x240" in slim
    assert "published: kendryte/nncase" in slim
    assert reference_traces(references(COLUMNS), AXES["energy_mj"], COLUMNS) == []


@pytest.mark.parametrize(("breakpoint", "shape"), [("A", "circle"), ("P", "pentagon")])
def test_families_have_shapes_of_their_own(record: Any, breakpoint: str, shape: str) -> None:
    tables = study_tables(record)
    designs = tables.designs.assign(breakpoint=breakpoint)
    marks = Marks(tables, AXES["latency_ms"])
    symbols = marks.trained(designs[designs["deployable"]], "front").marker.symbol
    assert {symbol.removesuffix("-open") for symbol in symbols} == {shape}


def test_inputs_that_are_not_square_are_named_in_the_order_of_their_areas(record: Any) -> None:
    measured = [row for row in record.rows if row.get("ap")]
    before = measured[0]["input_size"]
    measured[0]["input_size"] = "1000x20"
    try:
        found = input_sizes(study_tables(record).designs)
    finally:
        measured[0]["input_size"] = before
    assert "1000x20" in found and all(isinstance(size, str) for size in found)
    areas = [canvas_of(size).area for size in found]
    assert areas == sorted(areas)


def test_input_sizes_are_those_of_designs_with_an_ap(record: Any) -> None:
    designs = study_tables(record).designs
    sizes = input_sizes(designs)
    assert sizes == sorted(set(designs.loc[designs["shown_ap"].notna(), "input_size"]))
