"""The marks of the front's figure: designs of every state, and published detectors.

Colours and areas are common to the whole study, so that they mean the same whichever axis
or formats are drawn.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dse.canvas import Canvas
from dse.network.families import BREAKPOINTS, PLAIN
from dse.study.columns import StudyColumns
from dse.views.dashboard.frames import StudyTables
from dse.views.dashboard.references import Reference
from dse.views.dashboard.style import FAINT, INK, MUTED, PAPER, Axis

__all__ = ["Marks", "canvas_of", "hover_text", "input_sizes", "reference_traces"]

_LARGEST_MARKER_PIXELS = 24
SHAPES = {letter: "pentagon" for letter, one in BREAKPOINTS.items() if one.family is PLAIN}
"""Of marks, by breakpoint; a circle for all others."""

_MANY = 750
"""More marks than this are drawn by WebGL; the front stays above them, in SVG."""

_MOST_WITH_BARS = 200
"""Of more dominated designs than this no error bars are drawn: nobody could read them."""


class Marks:
    """Makes the traces of designs, with colours and areas common to the whole study.

    drawn: how many designs of `tables` the figure shows with an AP.
    """

    def __init__(self, tables: StudyTables, axis: Axis, drawn: int = 0) -> None:
        self.axis, self.columns, designs = axis, tables.columns, tables.designs
        self.crowd = _kind(drawn)
        self.places = {size: place for place, size in enumerate(input_sizes(designs))}
        largest = designs.loc[designs["shown_ap"].notna(), self.columns.size.name].max()
        self.area_unit = 2 * (largest if largest > 0 else 1) / _LARGEST_MARKER_PIXELS**2

    def _common(self, rows: pd.DataFrame, part: str, name: str) -> dict[str, Any]:
        return {
            "x": (rows[self.axis.column] / self.axis.units_per_shown).round(3).to_list(),
            "customdata": rows.index.to_list(),
            "text": [hover_text(row, self.columns) for row in rows.to_dict("records")],
            "hovertemplate": "%{text}<extra></extra>",
            "meta": part,
            "name": name,
            "mode": "markers",
        }

    def _colour(self, rows: pd.DataFrame) -> dict[str, Any]:
        places = [self.places.get(size, 0) for size in rows["input_size"]]
        return {"color": places, "coloraxis": "coloraxis"}

    def trained(self, rows: pd.DataFrame, part: str) -> go.Scatter:
        """Designs with a measured AP; those on the front stand out."""
        front, few = part == "front", len(rows) <= _MOST_WITH_BARS
        marker = {
            **self._colour(rows),
            "symbol": [_symbol(row) for row in rows.to_dict("records")],
            "size": rows[self.columns.size.name].fillna(0).to_list(),
            "sizemode": "area",
            "sizeref": self.area_unit,
            "sizemin": 5,
            "opacity": 1.0 if front else 0.75,
            "line": {"width": 2.2 if front else 1.2, "color": INK if front else PAPER},
        }
        kind = _kind(len(rows)) if front else self.crowd
        return kind(
            **self._common(rows, part, "On the front" if front else "Dominated"),
            y=rows["shown_ap"].round(4).to_list(),
            marker=marker,
            **(self._bars(rows, MUTED if front else FAINT) if few or front else {}),
        )

    def _bars(self, rows: pd.DataFrame, colour: str) -> dict[str, Any]:
        """AP's bootstrap interval and, on its axis, the latency's band; other costs are exact."""
        bars = {"error_y": _bar(rows, "shown_ap", "ap", colour)}
        if self.axis.column == "latency_ms":
            bars["error_x"] = _bar(rows, "latency_ms", "latency_ms", colour)
        return bars

    def stopped(self, rows: pd.DataFrame) -> go.Scatter:
        """Trainings stopped early, at the validation AP that they had reached."""
        marker = {**self._colour(rows), "symbol": "triangle-down-open", "size": 9}
        return self.crowd(
            **self._common(rows, "stopped", "Stopped early"),
            y=rows["shown_ap"].round(4).to_list(),
            marker={**marker, "line": {"width": 1.6}},
        )

    def rejected(self, rows: pd.DataFrame) -> go.Scatter:
        """Rejected candidates at their predicted cost, in the strip of reasons."""
        return _kind(len(rows))(
            **self._common(rows, "rejected", "Rejected"),
            y=rows["lane"].round(3).to_list(),
            yaxis="y2",
            visible=False,
            marker={"symbol": "square-open", "size": 7, "color": MUTED, "opacity": 0.7},
        )


def _bar(rows: pd.DataFrame, column: str, ends: str, colour: str) -> dict[str, Any]:
    """Bars to the columns `ends`_low and `ends`_high; none where these are unknown."""
    above = (rows[f"{ends}_high"] - rows[column]).clip(lower=0).round(4)
    below = (rows[column] - rows[f"{ends}_low"]).clip(lower=0).round(4)
    known = {"array": _or_none(above), "arrayminus": _or_none(below)}
    look = {"color": colour, "thickness": 1, "width": 3}
    return {"type": "data", "symmetric": False, **known, **look}


def _or_none(values: pd.Series[float]) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values]


def _kind(marks: int) -> Any:
    return go.Scattergl if marks > _MANY else go.Scatter


def _symbol(row: dict[Any, Any]) -> str:
    if not row["deployable"]:
        return "diamond-open"
    shape = SHAPES.get(row["breakpoint"], "circle")
    return shape if row["measured"] else f"{shape}-open"


def hover_text(row: dict[Any, Any], columns: StudyColumns) -> str:
    """What the pointer shows on a design: name, state, AP, cost."""
    file, size, ap = columns.chip.file, row[columns.size.name], columns["ap"].title
    lines = [f"<b>{html.escape(row['candidate'])}</b>"]
    if row["state"] == "rejected":
        lines.append(f"rejected: {html.escape(row['reason'].replace('_', ' '))}")
    elif row["state"] == "stopped":
        lines.append(f"stopped early at {ap} {row['shown_ap']:.3f}")
    else:
        lines.append(f"{ap} {row['shown_ap']:.3f}")
        if not math.isnan(row["ap_low"] + row["ap_high"]):
            lines[-1] += f" ({row['ap_low']:.3f} to {row['ap_high']:.3f})"
    if row["measured"]:
        lines[-1] += f", {file} {row[columns.file_ap.name]:.3f}"
    if not math.isnan(row["latency_ms"]):
        lines.append(f"{row['latency_ms']:.1f} ms")
        if not math.isnan(row["latency_ms_low"] + row["latency_ms_high"]):
            lines[-1] += f" ({row['latency_ms_low']:.1f} to {row['latency_ms_high']:.1f})"
    if not math.isnan(size):
        lines.append(f"{size / 1024:.0f} KiB {file}")
    return "<br>".join(lines)


def reference_traces(
    references: Sequence[Reference], axis: Axis, columns: StudyColumns
) -> list[go.Scatter]:
    """Published marks: stars where an AP is known, else ticks along the bottom edge."""
    published = {"latency_ms": "latency_ms", columns.size.name: "file_bytes"}
    if axis.column not in published:
        return []
    cost = attrgetter(published[axis.column])
    known = [r for r in references if cost(r) is not None]
    starred, ticked = ([r for r in known if r.ap is not None], [r for r in known if r.ap is None])
    traces = []
    for marks, symbol, size in ((starred, "star-open", 10), (ticked, "triangle-up-open", 10)):
        traces.append(
            go.Scatter(
                x=[cost(r) / axis.units_per_shown for r in marks],
                y=[0.0 if r.ap is None else r.ap for r in marks],
                yaxis="y" if symbol.startswith("star") else "y3",
                text=[_reference_text(r) for r in marks],
                hovertemplate="%{text}<extra></extra>",
                meta="published",
                name="Published elsewhere",
                mode="markers",
                cliponaxis=True,
                marker={"symbol": symbol, "size": size, "color": MUTED, "line": {"width": 1.4}},
            )
        )
    return traces


def _reference_text(reference: Reference) -> str:
    ap = "AP not given" if reference.ap is None else f"AP {reference.ap:.3f}"
    words = (reference.name, f"{ap}, input {reference.input}", reference.note)
    return "<br>".join(html.escape(word) for word in (*words, f"published: {reference.source}"))


def input_sizes(designs: pd.DataFrame) -> list[float | str]:
    """Input sizes of the designs that have an AP, rising: pixels; text where one is not square."""
    drawn = designs.loc[designs["shown_ap"].notna(), "input_size"]
    known = [size for size in drawn.dropna().unique() if size != ""]
    return sorted(known, key=canvas_of)


def canvas_of(size: float | str) -> Canvas:
    """The canvas that a cell of the column `input_size` names."""
    return Canvas.of(size if isinstance(size, str) else int(size))
