"""A design's own figures: how it learned, how accurate it is in each format, where it spends.

The page draws them for whichever design is chosen, so it takes them empty and fills them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dse.space import FORMATS
from dse.study.columns import StudyColumns
from dse.views.dashboard.explanation import place_colours
from dse.views.dashboard.frames import FLOAT
from dse.views.dashboard.style import ACCENT, ALERT, GRID, INK, MUTED, PAPER, layout

__all__ = [
    "accuracy_figure",
    "empty_timeline",
    "in_order",
    "learning_curve_figure",
    "precision_recall_figure",
]

NAN = float("nan")


def learning_curve_figure(curve: pd.DataFrame) -> go.Figure:
    """Validation AP and loss over epochs; columns epoch, val_ap, loss."""
    epoch = curve["epoch"].to_list()
    ap = go.Scatter(
        x=epoch,
        y=curve["val_ap"].to_list(),
        name="validation AP",
        mode="lines+markers",
        line={"color": INK, "width": 1.8},
        marker={"size": 5},
    )
    loss = go.Scatter(
        x=epoch,
        y=curve["loss"].to_list(),
        name="loss",
        yaxis="y2",
        mode="lines",
        line={"color": MUTED, "width": 1.4, "dash": "dot"},
    )
    return go.Figure(
        [ap, loss],
        layout(
            xaxis={"title": {"text": "Epoch"}, "tickformat": "d"},
            yaxis={"title": {"text": "Validation AP"}, "rangemode": "tozero"},
            yaxis2={
                "title": {"text": "Loss (dotted)", "font": {"color": MUTED}},
                "overlaying": "y",
                "side": "right",
                "showgrid": False,
                "zeroline": False,
                "rangemode": "tozero",
                "automargin": True,
                "gridcolor": GRID,
                "tickmode": "auto",
                "nticks": 4,
            },
            margin={"l": 52, "r": 48, "t": 8, "b": 40},
        ),
    )


def in_order(formats: Iterable[str], columns: StudyColumns) -> list[str]:
    """These formats, each once: the float network first, the one that the chip runs last."""
    place = {name: number for number, name in enumerate(FORMATS)}

    def rank(name: str) -> tuple[bool, bool, int]:
        return name == columns.chip.format, name != FLOAT, place.get(name, len(place))

    return sorted(dict.fromkeys(formats), key=rank)


def accuracy_figure(siblings: pd.DataFrame, columns: StudyColumns) -> go.Figure:
    """AP of one training in each format, and of the chip's file, with the bootstrap intervals.

    siblings: columns format, ap, ap_low, ap_high, and AP of the file, one row a format. The float
    network comes first, the file last.
    """
    name, ap = columns.chip.file, siblings[columns.file_ap.name]
    file = siblings.assign(format=name, ap=ap, ap_low=NAN, ap_high=NAN)
    shown = pd.concat([siblings, file.dropna(subset="ap")]).dropna(subset="ap")
    order = [*in_order(siblings["format"], columns), name]
    shown = shown.sort_values("format", key=lambda names: names.map(order.index))
    error = {
        "type": "data",
        "symmetric": False,
        "array": (shown["ap_high"] - shown["ap"]).fillna(0).to_list(),
        "arrayminus": (shown["ap"] - shown["ap_low"]).fillna(0).to_list(),
    }
    dots = go.Scatter(
        x=shown["ap"].to_list(),
        y=[
            f"{name} <b>{ap:.3f}</b>" for name, ap in zip(shown["format"], shown["ap"], strict=True)
        ],
        mode="markers",
        marker={"color": ACCENT, "size": 9},
        hoverinfo="skip",
        error_x={**error, "color": MUTED, "thickness": 1.4, "width": 4},
    )
    return go.Figure(
        dots,
        layout(
            xaxis={"title": {"text": columns["ap"].title}, "nticks": 6, "tickformat": ".2~f"},
            yaxis={"type": "category", "ticks": "", "autorange": "reversed"},
            margin={"l": 60, "r": 12, "t": 8, "b": 40},
        ),
    )


def precision_recall_figure(curves: Mapping[str, Sequence[Sequence[float]]]) -> go.Figure:
    """Precision over recall, a line for each of at most two formats, the float network dotted.

    curves: format -> [recall, precision, score] points, as `accounts.curve_points` gives them.
    """
    looks = ({"color": INK, "width": 1.8}, {"color": MUTED, "width": 1.4, "dash": "dot"})
    lines = [
        go.Scatter(
            x=[point[0] for point in points],
            y=[point[1] for point in points],
            customdata=[point[2] for point in points],
            name=name,
            mode="lines",
            line=look,
            hovertemplate="recall %{x:.2f}, precision %{y:.3f}<br>at score %{customdata:.3f}",
        )
        for look, (name, points) in zip(looks, curves.items(), strict=False)
    ]
    return go.Figure(
        lines,
        layout(
            xaxis={"title": {"text": "Recall"}, "range": [0, 1.01], "dtick": 0.2},
            yaxis={"title": {"text": "Precision"}, "range": [0, 1.03], "dtick": 0.2},
            showlegend=True,
            legend={"x": 0.02, "y": 0.04, "yanchor": "bottom", "bgcolor": "rgba(0,0,0,0)"},
            margin={"l": 52, "r": 12, "t": 8, "b": 40},
        ),
    )


def empty_timeline(memories: Sequence[str], places: Mapping[str, str]) -> go.Figure:
    """The frame for one account of `accounts`: its memories and time, step by step.

    A row for each of `memories`, which are titles, and one for time; in each a bar trace for
    each of `places`, as of `Chip.places`. `meta` of a trace is [row, place], row being the number
    of the memory or "time".
    """
    rows = [*range(len(memories)), "time"]
    heights = [0.5 / 2.27**row for row in range(len(memories))]
    figure = make_subplots(
        rows=len(rows), cols=1, shared_xaxes=True, vertical_spacing=0.05,
        row_heights=[*heights, 0.28],
    )  # fmt: skip
    colours = place_colours(places)
    for row, part in enumerate(rows, start=1):
        for place, name in places.items():
            bars = go.Bar(
                x=[],
                y=[],
                meta=[part, place],
                name=name,
                legendgroup=place,
                showlegend=part == "time",
                marker={"color": colours[place], "line": {"color": PAPER, "width": 0.4}},
                hovertemplate="%{customdata}<extra></extra>",
            )
            figure.add_trace(bars, row=row, col=1)
    figure.update_layout(_timeline_layout(memories))
    figure.add_hline(2.0, line={"color": ALERT, "dash": "dash", "width": 1.2}, row=1, col=1)
    return figure


def _timeline_layout(memories: Sequence[str]) -> dict[str, Any]:
    axis = {"gridcolor": GRID, "linecolor": MUTED, "zeroline": False, "nticks": 4}
    title = {"font": {"size": 11}, "standoff": 4}
    titles = [*(f"{one}, MiB" for one in memories), "ms"]
    axes = {
        f"yaxis{number}": {**axis, "title": {"text": words, **title}, "rangemode": "tozero"}
        for number, words in enumerate(titles, start=1)
    }
    steps = {"title": {"text": "Steps in the order of execution", **title}, "nticks": 6}
    return layout(
        barmode="overlay",
        bargap=0,
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 11}},
        xaxis={"showgrid": False, "ticks": ""},
        margin={"l": 52, "r": 8, "t": 44, "b": 36},
        **axes,
        **{f"xaxis{len(titles)}": steps},
    )
