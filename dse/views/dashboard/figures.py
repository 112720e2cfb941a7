"""The front: accuracy against one cost, as a Plotly figure.

Shape tells what a design is (circle: runs on the accelerator; pentagon: so does the plain network;
diamond: a format it cannot run; triangle: training stopped early; square: rejected), filled
or hollow whether the chip's file itself was measured, colour the input size, area the file's size.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Any, Literal

import pandas as pd
import plotly.graph_objects as go

from dse.columns import Limit
from dse.views.dashboard.frames import StudyTables, rejected_by_reason
from dse.views.dashboard.marks import Marks, canvas_of, input_sizes, reference_traces
from dse.views.dashboard.references import Reference
from dse.views.dashboard.style import ACCENT, ALERT, GRID, INK, Axis, axes_of, layout, size_colours

__all__ = ["FRAME_RATE_HZ", "Scope", "front_figure", "in_scope", "staircase"]

Scope = Literal["deployable", "all"]
"""Which formats are drawn: those that the accelerator runs, or all."""

FRAME_RATE_HZ = 10.0
"""The frame-rate line's place until the reader moves it."""

_NEAR = 2.0
"""The axis reaches to the frame-rate line if that lies within this factor of the designs."""

_NEVER_REACHED = 1e-6
"""Where a logarithmic axis' shading begins: left of every cost."""

_MOST_SIZES_NAMED = 12
"""Input sizes that have a name beside the colours."""

_LOG_FROM_RATIO = 25.0
"""A horizontal axis that spans more than this ratio is logarithmic."""


def in_scope(designs: pd.DataFrame, scope: Scope) -> pd.DataFrame:
    """The rows of `designs` that `scope` shows."""
    return designs[designs["deployable"]] if scope == "deployable" else designs


def staircase(cost: Sequence[float], ap: Sequence[float]) -> tuple[list[float], list[float]]:
    """Corners of the front of (cost down, AP up), by rising cost.

    Points that are not numbers are left out. Both lists are empty where none is left.
    """
    points = [(c, -a) for c, a in zip(cost, ap, strict=True) if not math.isnan(c + a)]
    corners: list[tuple[float, float]] = []
    for place, height in sorted(points):
        if not corners or -height > corners[-1][1]:
            corners.append((place, -height))
    return [place for place, _ in corners], [height for _, height in corners]


def front_figure(
    tables: StudyTables,
    column: str = "latency_ms",
    scope: Scope = "deployable",
    references: Sequence[Reference] = (),
    show_rejected: bool = False,
) -> go.Figure:
    """AP against `column`, one of its axes.

    Every trace says its part in `meta`; `customdata` holds the row in `tables.designs`. The
    layout's `meta` holds the axis' range with and without the rejected candidates.
    """
    axis = axes_of(tables.columns)[column]
    designs = in_scope(tables.designs, scope)
    ranges = _ranges(designs, axis, tables.limits)
    figure = go.Figure(layout=_front_layout(axis, ranges, designs, tables))
    for trace in _traces(tables, designs, axis, references, ranges):
        figure.add_trace(trace)
    _draw_limits(figure, axis, tables.limits)
    if show_rejected:
        figure.update_traces(visible=True, selector={"meta": "rejected"})
        figure.update_layout(figure.layout.meta["with_rejected"])
    return figure


def _traces(
    tables: StudyTables,
    designs: pd.DataFrame,
    axis: Axis,
    references: Sequence[Reference],
    ranges: dict[str, Any],
) -> list[go.Scatter]:
    state = designs["state"]
    drawn = designs["shown_ap"].notna()
    marks = Marks(tables, axis, int(drawn.sum()))
    line_x, line_y = staircase(
        (designs[axis.column] / axis.units_per_shown).to_list(), designs["ap"].to_list()
    )
    if line_x:
        line_x, line_y = [*line_x, max(ranges["end"], line_x[-1])], [*line_y, line_y[-1]]
    line = go.Scatter(
        x=line_x,
        y=line_y,
        meta="line",
        name="Best AP up to here",
        mode="lines",
        hoverinfo="skip",
        line={"shape": "hv", "color": INK, "width": 2},
    )
    return [
        *reference_traces(references, axis, tables.columns),
        marks.rejected(designs[state == "rejected"]),
        marks.stopped(designs[drawn & (state == "stopped")]),
        marks.trained(designs[drawn & (state == "dominated")], "dominated"),
        line,
        marks.trained(designs[drawn & (state == "front")], "front"),
    ]


def _ranges(designs: pd.DataFrame, axis: Axis, limits: Sequence[Limit]) -> dict[str, Any]:
    """The axis' type and its range, without and with the rejected candidates."""
    cost = designs[axis.column].dropna() / axis.units_per_shown
    cost = cost[cost > 0]
    here = [limit.value / axis.units_per_shown for limit in limits if limit.column == axis.column]
    shown = designs.loc[cost.index, "shown_ap"].notna()
    drawn = [*cost[shown], *here]
    if axis.column == "latency_ms":
        lower_ends = designs.loc[cost.index, "latency_ms_low"][shown]
        drawn += [*lower_ends[lower_ends > 0]]
    drawn = drawn or [*cost] or [1.0]
    if axis.column == "latency_ms" and _NEAR * max(drawn) > 1000 / FRAME_RATE_HZ:
        drawn.append(1000 / FRAME_RATE_HZ)
    full = [*drawn, *cost]
    log = max(drawn) / min(drawn) > _LOG_FROM_RATIO
    end = min(here) if here else 1.5 * max(full)
    found: dict[str, Any] = {"type": "log" if log else "linear", "end": end}
    for name, values in (("range", drawn), ("range_rejected", full)):
        low, high = min(values), max(values)
        if log:
            found[name] = [math.log10(low) - 0.08, math.log10(high) + 0.08]
        else:
            found[name] = [0.0, high * 1.07]
    if log:
        found["ticks"] = _log_ticks(min(full), max(full))
    return found


def _log_ticks(low: float, high: float) -> dict[str, Any]:
    """Ticks at 1, 2 and 5 of every decade, all in the same size."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return {"tickmode": "array", "tickvals": [n * 10.0**ten for ten in decades for n in (1, 2, 5)]}


def _front_layout(
    axis: Axis, ranges: dict[str, Any], designs: pd.DataFrame, tables: StudyTables
) -> dict[str, Any]:
    sizes = input_sizes(tables.designs)
    here = rejected_by_reason(designs)
    lanes = {reason: here.get(reason, 0) for reason in rejected_by_reason(tables.designs)}
    low, high = _ap_ends(designs)
    room = max(0.04, 0.1 * (high - low))
    strip = [0.0, min(0.3, 0.08 + 0.06 * len(lanes))]
    return layout(
        xaxis={
            "title": {"text": f"{axis.title} ({axis.unit})"},
            "type": ranges["type"],
            "range": ranges["range"],
            "tickformat": ",~f",
            **ranges.get("ticks", {}),
        },
        yaxis={
            "title": {"text": tables.columns.ap_words},
            "range": [max(-0.03, low - room), min(1.03, high + room)],
            "tickformat": ".2~f",
        },
        yaxis2=_strip_axis(lanes, strip),
        yaxis3={"overlaying": "y", "range": [-0.03, 1], "visible": False, "fixedrange": True},
        coloraxis=_colour_axis(sizes),
        hovermode="closest",
        dragmode="pan",
        meta={
            "with_rejected": {
                "xaxis.range": ranges["range_rejected"],
                "xaxis.anchor": "y2",
                "yaxis.domain": [strip[1] + 0.03, 1.0],
                "yaxis2.visible": True,
            }
        },
    )


def _ap_ends(designs: pd.DataFrame) -> tuple[float, float]:
    """The lowest and the highest AP that is drawn, the front's intervals among them."""
    front = designs[designs["state"] == "front"]
    drawn = pd.concat([designs["shown_ap"], front["ap_low"], front["ap_high"]]).dropna()
    return (float(drawn.min()), float(drawn.max())) if len(drawn) else (0.0, 1.0)


def _strip_axis(lanes: dict[str, int], strip: list[float]) -> dict[str, Any]:
    words = [f"{html.escape(r.replace('_', ' '))} ({n})" for r, n in lanes.items()]
    return {
        "domain": strip,
        "range": [max(len(lanes), 1) - 0.4, -0.6],
        "tickvals": list(range(len(lanes))),
        "ticktext": words,
        "tickfont": {"size": 11},
        "gridcolor": GRID,
        "zeroline": False,
        "automargin": True,
        "fixedrange": True,
        "visible": False,
    }


def _colour_axis(sizes: Sequence[float | str]) -> dict[str, Any]:
    colours = size_colours(max(len(sizes), 1))
    edges = [(place / len(colours), (place + 1) / len(colours)) for place in range(len(colours))]
    steps = [[edge, c] for ends, c in zip(edges, colours, strict=True) for edge in ends]
    ticks = range(0, len(sizes), math.ceil(len(sizes) / _MOST_SIZES_NAMED) or 1)
    return {
        "colorscale": steps,
        "cmin": -0.5,
        "cmax": len(colours) - 0.5,
        "showscale": bool(sizes),
        "colorbar": {
            "title": {"text": "input, px", "font": {"size": 12}},
            "tickvals": list(ticks),
            "ticktext": [str(canvas_of(sizes[place])) for place in ticks],
            "thickness": 12,
            "len": 0.7,
            "outlinewidth": 0,
        },
    }


def _draw_limits(figure: go.Figure, axis: Axis, limits: Sequence[Limit]) -> None:
    """The target's limits or, on the latency axis, the frame rate; the near side is shaded."""
    here = [limit for limit in limits if limit.column == axis.column]
    places = [limit.value / axis.units_per_shown for limit in here]
    for limit, place in zip(here, places, strict=True):
        _line(figure, place, html.escape(limit.label), "limit")
    if axis.column == "latency_ms":
        places.append(1000 / FRAME_RATE_HZ)
        _line(figure, places[-1], f"{FRAME_RATE_HZ:g} frames/s", "frame_rate")
    figure.add_shape(
        name="feasible",
        type="rect",
        x0=_NEVER_REACHED if figure.layout.xaxis.type == "log" else 0,
        x1=min(places, default=0),
        yref="paper",
        y0=0,
        y1=1,
        visible=bool(places),
        fillcolor=ACCENT,
        opacity=0.06,
        line={"width": 0},
        layer="below",
    )


def _line(figure: go.Figure, place: float, words: str, name: str) -> None:
    span = {"yref": "paper", "y0": 0, "y1": 1, "name": name}
    dash = {"color": ALERT, "width": 1.5, "dash": "dash" if name == "limit" else "dot"}
    figure.add_shape(type="line", x0=place, x1=place, **span, line=dash)
    log = figure.layout.xaxis.type == "log"
    figure.add_annotation(
        x=math.log10(place) if log else place,
        y=0.01,
        yref="y domain",
        text=words,
        name=name,
        showarrow=False,
        xanchor="right",
        yanchor="bottom",
        textangle=-90,
        font={"color": ALERT, "size": 11},
    )
