"""Ranges of a network's layers as a Plotly figure: activations, weights, bits, and a histogram.

The paper's figure 3 for a network of one's own.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from dse.views.dashboard.figure_files import write_figure
from dse.views.dashboard.style import ACCENT, ALERT, GRID, INK, MUTED, layout

__all__ = ["ranges_figure", "write_ranges"]

Row = dict[str, Any]

WIDTH_PIXELS, HEIGHT_PIXELS = 1200, 1000
BINS = 120
ACTIVATION, WEIGHT = ACCENT, ALERT


def write_ranges(title: str, rows: Sequence[Row], weights: NDArray[np.float32], path: Path) -> Path:
    """Draws what `dse.reproduction` measured as .html, .png or .svg; returns `path`.

    rows: a layer each, with `layer_rows`' fields. weights: all kernels and biases, (n,).
    Raises UsageError for another suffix, DseError where a picture finds no browser.
    """
    return write_figure(ranges_figure(title, rows, weights), path)


def ranges_figure(title: str, rows: Sequence[Row], weights: NDArray[np.float32]) -> go.Figure:
    """Four panels: activations and weights from lowest to highest, bits, weights' histogram."""
    figure = make_subplots(
        rows=4, cols=1, vertical_spacing=0.07, row_heights=[0.3, 0.25, 0.18, 0.27]
    )
    _draw_ranges(figure, 1, rows, "activation", ACTIVATION)
    _draw_ranges(figure, 2, _with("weight", rows), "weight", WEIGHT)
    _draw_bits(figure, rows)
    _draw_histogram(figure, weights)
    figure.update_layout(_layout(title))
    figure.update_xaxes(range=[-1, len(rows)], showgrid=False)
    figure.update_xaxes(range=None, row=4, col=1)
    return figure


def _draw_ranges(
    figure: go.Figure, panel: int, rows: Sequence[Row], kind: str, colour: str
) -> None:
    """A bar a layer, and the name of the widest."""
    low, high = ([row[f"{kind}_{end}"] for row in rows] for end in ("low", "high"))
    figure.add_trace(
        go.Bar(
            x=[row["index"] for row in rows],
            base=low,
            y=[top - bottom for bottom, top in zip(low, high, strict=True)],
            marker={"color": colour},
            text=[f"{html.escape(row['layer'])}: {_ends(row, kind)}" for row in rows],
            textposition="none",
            hovertemplate="%{text}<extra></extra>",
            showlegend=False,
        ),
        row=panel,
        col=1,
    )
    widest = max(rows, key=lambda row: row[f"{kind}_high"] - row[f"{kind}_low"])
    figure.add_annotation(
        text=f"layer {widest['index']}, {html.escape(widest['layer'])}: {_ends(widest, kind)}",
        x=widest["index"],
        y=widest[f"{kind}_high"],
        ax=30,
        ay=0,
        xanchor="left",
        arrowcolor=INK,
        row=panel,
        col=1,
    )


def _with(kind: str, rows: Sequence[Row]) -> list[Row]:
    """The rows of layers that have something of that kind.

    Batch normalisation is left out of the weights: its variances would dwarf every kernel.
    """
    drawn = [row for row in rows if row[f"{kind}_low"] is not None]
    return [row for row in drawn if kind != "weight" or row["kind"] != "BatchNormalization"]


def _ends(row: Row, kind: str) -> str:
    return f"{row[f'{kind}_low']:.2f} to {row[f'{kind}_high']:.2f}"


def _draw_bits(figure: go.Figure, rows: Sequence[Row]) -> None:
    for kind, colour, symbol in (
        ("activation", ACTIVATION, "circle"),
        ("weight", WEIGHT, "square"),
    ):
        chosen = [row for row in rows if row[f"{kind}_integer_bits"] is not None]
        figure.add_trace(
            go.Scatter(
                x=[row["index"] for row in chosen],
                y=[row[f"{kind}_integer_bits"] for row in chosen],
                mode="markers",
                marker={"color": colour, "symbol": symbol, "size": 7 if kind == "weight" else 5},
                name=f"{kind}s",
                text=[html.escape(row["layer"]) for row in chosen],
                hovertemplate="%{text}: %{y} bits<extra></extra>",
                showlegend=True,
            ),
            row=3,
            col=1,
        )


def _draw_histogram(figure: go.Figure, weights: NDArray[np.float32]) -> None:
    counts, edges = np.histogram(weights, bins=BINS)
    figure.add_trace(
        go.Bar(
            x=((edges[:-1] + edges[1:]) / 2).tolist(),
            y=counts.tolist(),
            width=np.diff(edges).tolist(),
            marker={"color": WEIGHT},
            hovertemplate="near %{x:.2f}: %{y} weights<extra></extra>",
            showlegend=False,
        ),
        row=4,
        col=1,
    )


def _layout(title: str) -> dict[str, Any]:
    axis = {"gridcolor": GRID, "linecolor": MUTED, "zeroline": True, "ticks": "outside",
            "automargin": True}  # fmt: skip
    return layout(
        width=WIDTH_PIXELS,
        height=HEIGHT_PIXELS,
        margin={"l": 72, "r": 24, "t": 64, "b": 24},
        title={"text": html.escape(title), "x": 0, "xref": "paper", "xanchor": "left"},
        barmode="overlay",
        showlegend=True,
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 0.428, "yanchor": "bottom"},
        yaxis={**axis, "title": {"text": "activations"}},
        yaxis2={**axis, "title": {"text": "kernels and biases"}},
        yaxis3={**axis, "title": {"text": "bits before the point"}},
        yaxis4={**axis, "title": {"text": "kernels and biases, count"}, "type": "log"},
        xaxis3={**axis, "title": {"text": "layer, in Keras' order"}},
        xaxis4={**axis, "title": {"text": "value"}},
    )
