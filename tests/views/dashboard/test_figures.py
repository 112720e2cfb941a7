"""The front's figure: which designs it draws, where, and how they are told apart."""

from __future__ import annotations

import math
from typing import Any

import hypothesis
import pandas as pd
import pytest
from hypothesis import strategies as st

from dse.pareto import front_mask
from dse.study.columns import study_columns
from dse.views.dashboard.figures import front_figure, in_scope, staircase
from dse.views.dashboard.frames import StudyTables, study_tables
from dse.views.dashboard.references import references
from dse.views.dashboard.style import axes_of

COLUMNS = study_columns()
AXES = axes_of(COLUMNS)


@pytest.fixture(scope="module")
def tables(record: Any) -> StudyTables:
    return study_tables(record)


def _trace(figure: Any, part: str) -> Any:
    return next(trace for trace in figure.data if trace.meta == part)


@pytest.mark.parametrize("column", AXES)
def test_all_four_states_are_drawn_at_their_cost(tables: StudyTables, column: str) -> None:
    figure = front_figure(tables, column, "all")
    designs = tables.designs
    for state in ("front", "dominated", "stopped", "rejected"):
        trace = _trace(figure, state)
        rows = designs.loc[list(trace.customdata)]
        assert len(rows) == (designs["state"] == state).sum() > 0
        expected = rows[column] / AXES[column].units_per_shown
        assert list(trace.x) == pytest.approx(expected.to_list(), abs=1e-3)
        assert len(trace.y) == len(rows)
    front = designs.loc[list(_trace(figure, "front").customdata)]
    assert list(_trace(figure, "front").y) == pytest.approx(front["ap"].to_list(), abs=1e-4)


def test_rejected_designs_are_hidden_until_asked_for(tables: StudyTables) -> None:
    hidden, shown = front_figure(tables), front_figure(tables, show_rejected=True)
    assert _trace(hidden, "rejected").visible is False
    assert _trace(shown, "rejected").visible is True
    assert shown.layout.yaxis2.visible
    assert shown.layout.yaxis.domain[0] > shown.layout.yaxis2.domain[1]


def test_the_scope_leaves_out_what_the_kpu_cannot_run(tables: StudyTables) -> None:
    for part in ("front", "dominated", "stopped", "rejected"):
        rows = tables.designs.loc[list(_trace(front_figure(tables), part).customdata)]
        assert rows["deployable"].all()
    assert len(in_scope(tables.designs, "all")) == len(tables.designs)


def test_shape_tells_measured_simulated_and_not_deployable(tables: StudyTables) -> None:
    trace = _trace(front_figure(tables, scope="all"), "front")
    rows = tables.designs.loc[list(trace.customdata)]
    for symbol, row in zip(trace.marker.symbol, rows.to_dict("records"), strict=True):
        if row["measured"]:
            assert symbol == "circle"
        else:
            assert symbol == ("circle-open" if row["deployable"] else "diamond-open")
    assert {"circle", "circle-open", "diamond-open"} == set(trace.marker.symbol)


def test_colour_is_the_input_size_and_area_the_kmodel(tables: StudyTables) -> None:
    figure = front_figure(tables)
    trace = _trace(figure, "dominated")
    rows = tables.designs.loc[list(trace.customdata)]
    sizes = [float(text) for text in figure.layout.coloraxis.colorbar.ticktext]
    assert [sizes[place] for place in trace.marker.color] == rows["input_size"].to_list()
    assert trace.marker.sizemode == "area"
    assert list(trace.marker.size) == rows["kmodel_bytes"].to_list()


def test_only_latency_has_an_error_band(tables: StudyTables) -> None:
    trace = _trace(front_figure(tables), "front")
    rows = tables.designs.loc[list(trace.customdata)]
    above = (rows["latency_ms_high"] - rows["latency_ms"]).to_list()
    assert list(trace.error_x.array) == pytest.approx(above, abs=1e-3)
    assert _trace(front_figure(tables, "kmodel_bytes"), "front").error_x.array is None


@pytest.mark.parametrize("column", AXES)
def test_ap_has_the_bars_of_its_interval(tables: StudyTables, column: str) -> None:
    for part in ("front", "dominated"):
        bars = _trace(front_figure(tables, column), part).error_y
        assert set(bars.array) == {0.02}
        assert set(bars.arrayminus) == {0.03}


def test_the_axis_reaches_to_the_ends_of_the_fronts_bars(tables: StudyTables) -> None:
    figure = front_figure(tables)
    trace = _trace(figure, "front")
    low, high = figure.layout.yaxis.range
    assert low < min(trace.y) - 0.03
    assert high > max(trace.y) + 0.02


def test_an_older_study_has_no_bars_of_ap(tables: StudyTables) -> None:
    designs = tables.designs.assign(ap_low=math.nan, ap_high=math.nan)
    older = StudyTables(**{**vars(tables), "designs": designs})
    assert set(_trace(front_figure(older), "front").error_y.array) == {None}


def test_of_very_many_designs_only_the_front_has_bars(tables: StudyTables) -> None:
    many = pd.concat([tables.designs] * 6, ignore_index=True)
    figure = front_figure(StudyTables(**{**vars(tables), "designs": many}), scope="all")
    assert _trace(figure, "front").error_y.array is not None
    assert _trace(figure, "dominated").error_y.array is None


@pytest.mark.parametrize(
    ("column", "scope", "begin", "end"),
    [
        ("latency_ms", "deployable", 0, 100),
        ("latency_ms", "all", 1e-6, 100),
        ("main_memory_bytes", "deployable", 0, 6144),
        ("energy_mj", "deployable", None, None),
    ],
)
def test_the_side_within_the_limits_is_shaded(
    tables: StudyTables, column: str, scope: Any, begin: float | None, end: float | None
) -> None:
    figure = front_figure(tables, column, scope)
    shade = next(shape for shape in figure.layout.shapes if shape.name == "feasible")
    assert shade.visible == (end is not None)
    if shade.visible:
        assert (shade.x0, shade.x1) == (begin, end)


def test_the_firmwares_rest_bounds_the_shading(record: Any) -> None:
    target = {"main_memory_bytes": 6 * 2**20, "firmware_bytes": 2**20}
    profile = type(record)(rows=record.rows, settings_table={"target": target})
    figure = front_figure(study_tables(profile), "main_memory_bytes")
    assert next(s for s in figure.layout.shapes if s.name == "feasible").x1 == 5 * 1024
    lines = {shape.x0 for shape in figure.layout.shapes if shape.name == "limit"}
    assert lines == {5 * 1024, 6 * 1024}


def test_limits_and_the_frame_rate_are_drawn(tables: StudyTables) -> None:
    for column, words, place in (
        ("peak_kpu_bytes", "2 MiB of KPU memory", 2048),
        ("main_memory_bytes", "6 MiB on the chip", 6144),
        ("latency_ms", "10 frames/s", 100),
    ):
        figure = front_figure(tables, column)
        assert words in [note.text for note in figure.layout.annotations]
        assert place in [shape.x0 for shape in figure.layout.shapes if shape.type == "line"]
        assert figure.layout.xaxis.range[1] >= place


def test_the_line_stops_at_the_limit(tables: StudyTables) -> None:
    assert _trace(front_figure(tables, "peak_kpu_bytes"), "line").x[-1] == 2048


def test_references_are_stars_or_ticks(tables: StudyTables) -> None:
    figure = front_figure(tables, "kmodel_bytes", references=references(COLUMNS))
    marks = [trace for trace in figure.data if trace.meta == "published"]
    assert [trace.yaxis for trace in marks] == ["y", "y3"]
    assert len(marks[0].x) == 6
    assert len(marks[1].x) == 3
    elsewhere = front_figure(tables, "peak_kpu_bytes", references=references(COLUMNS))
    assert "published" not in [trace.meta for trace in elsewhere.data]


def test_a_wide_axis_is_logarithmic(tables: StudyTables) -> None:
    assert front_figure(tables).layout.xaxis.type == "linear"
    assert front_figure(tables, scope="all").layout.xaxis.type == "log"


def test_many_rejected_designs_are_drawn_by_webgl(tables: StudyTables) -> None:
    many = pd.concat([tables.designs] * 4, ignore_index=True)
    crowded = StudyTables(**{**vars(tables), "designs": many})
    assert _trace(front_figure(crowded, scope="all"), "rejected").type == "scattergl"
    assert _trace(front_figure(tables, scope="all"), "rejected").type == "scatter"


def test_a_crowd_is_drawn_by_webgl_under_the_front(tables: StudyTables) -> None:
    many = pd.concat([tables.designs] * 10, ignore_index=True)
    crowded = front_figure(StudyTables(**{**vars(tables), "designs": many}), scope="all")
    kinds = {part: _trace(crowded, part).type for part in ("stopped", "dominated", "front")}
    assert len(_trace(crowded, "stopped").x) < len(_trace(crowded, "dominated").x)
    assert kinds == {"stopped": "scattergl", "dominated": "scattergl", "front": "scatter"}
    assert _trace(front_figure(tables, scope="all"), "stopped").type == "scatter"


def test_beside_the_colours_stand_names_of_as_many_sizes_as_can_be_read(
    tables: StudyTables,
) -> None:
    wide = tables.designs.assign(input_size=range(96, 96 + len(tables.designs)))
    bar = front_figure(StudyTables(**{**vars(tables), "designs": wide})).layout.coloraxis.colorbar
    assert 6 <= len(bar.tickvals) == len(bar.ticktext) <= 12
    sizes = sorted(wide.loc[wide["shown_ap"].notna(), "input_size"])
    assert [sizes[place] for place in bar.tickvals] == [int(text) for text in bar.ticktext]
    few = front_figure(tables).layout.coloraxis.colorbar
    assert (
        len(few.ticktext)
        == tables.designs.loc[tables.designs["shown_ap"].notna(), "input_size"].nunique()
    )


@pytest.mark.parametrize("column", AXES)
@pytest.mark.parametrize("scope", ["deployable", "all"])
def test_an_empty_study_still_makes_a_figure(empty_record: Any, column: str, scope: Any) -> None:
    figure = front_figure(study_tables(empty_record), column, scope, references(COLUMNS))
    assert list(_trace(figure, "line").x) == []


def test_one_design_makes_a_figure(empty_record: Any, record: Any) -> None:
    row = next(row for row in record.rows if row["state"] == "front" and row["deployable"])
    figure = front_figure(study_tables(type(record)(rows=[row])))
    low, high = figure.layout.xaxis.range
    assert low < row["latency_ms"] < high
    assert len(figure.layout.coloraxis.colorbar.ticktext) == 1


def test_names_in_the_data_cannot_become_markup(record: Any) -> None:
    row = {**record.rows[0], "candidate": "<a href=x>", "reason": "<b>_big"}
    figure = front_figure(study_tables(type(record)(rows=[row])), scope="all")
    text = _trace(figure, "rejected").text[0]
    assert "&lt;a href=x&gt;" in text
    assert "<a" not in text
    assert figure.layout.yaxis2.ticktext[0].startswith("&lt;b&gt; big")


numbers = st.floats(0.01, 1.0)


@hypothesis.given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=12))
def test_the_staircase_is_the_front_of_two_objectives(points: list[tuple[float, float]]) -> None:
    place, height = staircase([p[0] for p in points], [p[1] for p in points])
    assert place == sorted(set(place))
    assert height == sorted(set(height))
    front = {p for p, on in zip(points, front_mask(points, (False, True)), strict=True) if on}
    assert set(zip(place, height, strict=True)) == front


def test_the_staircase_leaves_out_what_is_unknown() -> None:
    assert staircase([1.0, math.nan, 2.0], [0.5, 0.9, math.nan]) == ([1.0], [0.5])
    assert staircase([], []) == ([], [])
