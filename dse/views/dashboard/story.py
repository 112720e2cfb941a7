"""The search's own story: the small figures of the page that tell how it went."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Literal

import pandas as pd
import plotly.graph_objects as go

from dse.study.columns import AXES, StudyColumns
from dse.views.dashboard.style import ACCENT, INK, PAPER, layout

__all__ = [
    "Over",
    "budget_figure",
    "hypervolume_figure",
    "importance_figure",
    "rejected_figure",
]

Over = Literal["trainings", "minutes"]
"""What the search's progress is measured in."""

_OVER_TITLES = {"trainings": "Finished trainings", "minutes": "Minutes of search"}
_STEP_WORDS = {
    "trainings": "training %{x}, after %{customdata:.1f} min",
    "minutes": "after %{x:.1f} min, training %{customdata}",
}
_WORDS = {"trained": "trained to the end", "stopped": "stopped early", "failed": "failed"}


def hypervolume_figure(history: pd.DataFrame, over: Over = "trainings") -> go.Figure:
    """Hypervolume of the deployable front after each training; columns as in `Record`.

    over: what it is drawn over: the number of finished trainings, or minutes of search.
    """
    minutes = (history["elapsed_s"] / 60).round(2).to_list()
    counts = list(range(1, len(history) + 1))
    x, other = (counts, minutes) if over == "trainings" else (minutes, counts)
    line = go.Scatter(
        x=x,
        y=history["hypervolume"].to_list(),
        customdata=other,
        hovertemplate=f"{_STEP_WORDS[over]}<br>hypervolume %{{y:.4g}}<extra></extra>",
        mode="lines+markers",
        line={"shape": "hv", "color": INK, "width": 1.8},
        marker={"size": 5, "color": INK},
    )
    return go.Figure(
        line,
        layout(
            xaxis={
                "title": {"text": _OVER_TITLES[over]},
                "tickformat": ",~f",
                "rangemode": "tozero",
            },
            yaxis={"title": {"text": "Hypervolume"}, "rangemode": "tozero"},
        ),
    )


def budget_figure(budget: pd.DataFrame) -> go.Figure:
    """Minutes of training by what became of them; `budget` as `frames.budget` gives it."""
    minutes = budget["seconds"] / 60
    words = [f"{length:.1f} min" for length in minutes]
    pairs = zip(budget["fate"], budget["trainings"], strict=True)
    names = [f"{_WORDS[fate]}, <b>{count}</b>" for fate, count in pairs]
    return _bars(names, minutes.to_list(), words, "Minutes")


def rejected_figure(reasons: Mapping[str, int]) -> go.Figure:
    """Rejected candidates by reason: what the limits saved from being trained."""
    names = [html.escape(reason.replace("_", " ")) for reason in reasons]
    counts = [float(count) for count in reasons.values()]
    return _bars(names, counts, [f"{count:.0f}" for count in counts], "Candidates")


def _bars(names: list[str], lengths: list[float], words: list[str], unit: str) -> go.Figure:
    longest = max(lengths, default=0.0) or 1.0
    bars = go.Bar(
        x=lengths,
        y=names,
        text=words,
        orientation="h",
        textposition="outside",
        cliponaxis=False,
        marker={"color": ACCENT},
        hoverinfo="skip",
        width=0.6,
    )
    return go.Figure(
        bars,
        layout(
            xaxis={"title": {"text": unit}, "range": [0, 1.9 * longest], "nticks": 4},
            yaxis={"autorange": "reversed", "ticks": "", "gridcolor": PAPER},
        ),
    )


def importance_figure(shares: pd.DataFrame, columns: StudyColumns) -> go.Figure:
    """Shares of variance, a cell for each objective and parameter; as `Importance.shares`."""
    table = shares.pivot(index="objective", columns="parameter")
    objectives = [name for name in columns.names("objectives") if name in table.index]
    parameters = [axis.name for axis in AXES if axis.name in table["share"].columns]
    cells = {part: table[part].loc[objectives, parameters] for part in ("share", "low", "high")}
    words = [
        [
            _share_words(*(float(cells[part].loc[row, column]) for part in cells))
            for column in parameters
        ]
        for row in objectives
    ]
    heat = go.Heatmap(
        z=cells["share"].to_numpy().tolist(),
        x=[columns[name].axis_title for name in parameters],
        y=[columns[name].axis_title for name in objectives],
        text=words,
        texttemplate="%{text}",
        textfont={"size": 12, "color": INK},
        hoverinfo="skip",
        colorscale=[[0, PAPER], [1, ACCENT]],
        zmin=0,
        zmax=2,  # no cell so dark that its words could not be read
        showscale=False,
        xgap=2,
        ygap=2,
    )
    return go.Figure(
        heat,
        layout(
            xaxis={
                "side": "top",
                "ticks": "",
                "showgrid": False,
                "fixedrange": True,
            },
            yaxis={"autorange": "reversed", "ticks": "", "showgrid": False, "fixedrange": True},
            margin={"l": 60, "r": 8, "t": 30, "b": 8},
        ),
    )


def _share_words(share: float, low: float, high: float) -> str:
    if low == high:
        return f"{share:.0%}"
    return f"{share:.0%}<br><span style='font-size:10px'>{low:.0%} to {high:.0%}</span>"
