"""The search's own story: the small figures of the page that tell how it went."""

from __future__ import annotations

import html
from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from dse.dashboard.style import ACCENT, INK, PAPER, layout

__all__ = [
    "budget_figure",
    "hypervolume_figure",
    "rejected_figure",
]

_WORDS = {"trained": "trained to the end", "stopped": "stopped early", "failed": "failed"}


def hypervolume_figure(history: pd.DataFrame) -> go.Figure:
    """Hypervolume of the deployable front after each training; columns as in `Record`."""
    minutes = (history["elapsed_s"] / 60).round(1)
    line = go.Scatter(
        x=list(range(1, len(history) + 1)),
        y=history["hypervolume"].to_list(),
        text=[f"{m} minutes" for m in minutes],
        hovertemplate="training %{x}, after %{text}<br>hypervolume %{y:.4g}<extra></extra>",
        mode="lines+markers",
        line={"shape": "hv", "color": INK, "width": 1.8},
        marker={"size": 5, "color": INK},
    )
    return go.Figure(
        line,
        layout(
            xaxis={"title": {"text": "Finished trainings"}, "tickformat": "d"},
            yaxis={"title": {"text": "Hypervolume"}, "rangemode": "tozero"},
        ),
    )


def budget_figure(budget: pd.DataFrame) -> go.Figure:
    """Minutes of training by what became of them; `budget` as `frames.budget` gives it."""
    minutes = budget["seconds"] / 60
    pairs = zip(budget["trainings"], minutes, strict=True)
    words = [f"{count} in {length:.1f} min" for count, length in pairs]
    return _bars([_WORDS[fate] for fate in budget["fate"]], minutes.to_list(), words, "Minutes")


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
            xaxis={"title": {"text": unit}, "range": [0, 1.7 * longest]},
            yaxis={"autorange": "reversed", "ticks": "", "gridcolor": PAPER},
        ),
    )
