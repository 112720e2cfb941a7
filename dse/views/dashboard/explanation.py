"""One design's memory and time, step by step, as a Plotly figure.

Above, KPU memory as the compiler fills it: a rectangle for each map, from the step that writes
it to the last that reads it, at the address where first fit puts it. Below, the same for the
buffers in main memory (`.data`), and the time of every step.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dse.text_table import bytes_text
from dse.views.dashboard.figure_files import write_figure
from dse.views.dashboard.style import ALERT, GRID, INK, MUTED, PAPER, layout, size_colours

__all__ = ["timeline_figure", "write_explanation"]

Row = dict[str, Any]

PLACES = {
    "kpu": "KPU",
    "transfer": "CPU: moves and converts maps",
    "cpu": "CPU: computes",
}
COLOURS = dict(zip(PLACES, reversed(size_colours(len(PLACES))), strict=True))
TOO_FAR = "does not fit"
HATCHED = {"fillmode": "overlay", "fgcolor": PAPER, "fgopacity": 0.6, "size": 8}
MIB = 1 << 20
WIDTH_PIXELS, HEIGHT_PIXELS = 1200, 1000
TICKS = 44
"""Names that fit side by side along the steps."""

LONGEST_NAME = 22


def write_explanation(account: Row, path: Path) -> Path:
    """Draws an account of `dse.chips.explain` as a file: .html, .png or .svg; returns `path`.

    Raises UsageError for another suffix, DseError where a picture finds no browser.
    """
    return write_figure(timeline_figure(account), path)


def timeline_figure(account: Row) -> go.Figure:
    """The figure of an account as `dse.chips.explain` makes it."""
    figure = make_subplots(
        rows=3, cols=1, shared_xaxes=True, vertical_spacing=0.035, row_heights=[0.56, 0.24, 0.2]
    )
    kpu_limit = account["kpu_memory_bytes"]
    data_limit = account["model_memory_bytes"] - account["main_memory_bytes"]
    data_limit += account["data_bytes"]
    _draw_times(figure, account["steps"])
    _draw_buffers(figure, 1, account["kpu_buffers"], kpu_limit)
    _draw_buffers(figure, 2, account["data_buffers"], data_limit)
    figure.update_layout(_layout(account))
    _draw_limit(figure, 1, kpu_limit, account["peak_kpu_bytes"], "of KPU memory")
    _draw_limit(figure, 2, data_limit, account["data_bytes"], "left beside file and picture")
    _name_peak(figure, 1, account["kpu_buffers"], len(account["steps"]), kpu_limit)
    _name_peak(figure, 2, account["data_buffers"], len(account["steps"]), data_limit)
    _name_steps(figure, account["steps"])
    return figure


def _draw_buffers(figure: go.Figure, row: int, buffers: Sequence[Row], limit: int) -> None:
    """Rectangles by what writes them; those that end beyond `limit` in the colour of limits."""
    if not buffers:  # axes are drawn only where a trace is
        figure.add_trace(go.Bar(x=[0], y=[0], showlegend=False), row=row, col=1)
    for place in (*PLACES, TOO_FAR):
        chosen = [buffer for buffer in buffers if _kind(buffer, limit) == place]
        if not chosen:
            continue
        figure.add_trace(
            go.Bar(
                x=[(buffer["birth"] + buffer["death"]) / 2 for buffer in chosen],
                width=[buffer["death"] - buffer["birth"] + 1 for buffer in chosen],
                base=[buffer["start_bytes"] / MIB for buffer in chosen],
                y=[buffer["size_bytes"] / MIB for buffer in chosen],
                marker={
                    "color": COLOURS.get(place, ALERT),
                    "line": {"color": PAPER, "width": 1},
                    "pattern": {"shape": "/" if place == TOO_FAR else "", **HATCHED},
                },
                text=[_told(buffer) for buffer in chosen],
                textposition="none",
                hovertemplate="%{text}<extra></extra>",
                name=place,
                legendgroup=place,
                showlegend=not any(trace.legendgroup == place for trace in figure.data),
            ),
            row=row,
            col=1,
        )


def _kind(buffer: Row, limit: int) -> str:
    return TOO_FAR if buffer["start_bytes"] + buffer["size_bytes"] > limit else buffer["place"]


def _told(buffer: Row) -> str:
    start, size = buffer["start_bytes"], buffer["size_bytes"]
    return (
        f"<b>{html.escape(buffer['layer'])}</b><br>{bytes_text(size)}: "
        f"{start:,} to {start + size:,}<br>steps {buffer['birth']} to {buffer['death']}"
    )


def _draw_times(figure: go.Figure, steps: Sequence[Row]) -> None:
    for place, name in PLACES.items():
        chosen = [step for step in steps if step["place"] == place and step["ms"]]
        figure.add_trace(
            go.Bar(
                x=[step["step"] for step in chosen],
                y=[step["ms"] for step in chosen],
                width=1,
                marker={"color": COLOURS[place], "line": {"color": PAPER, "width": 0.5}},
                text=[f"<b>{html.escape(s['layer'])}</b><br>{s['op']}" for s in chosen],
                textposition="none",
                hovertemplate="%{text}: %{y:.2f} ms<extra></extra>",
                name=f"{name}, {_ms(sum(step['ms'] for step in chosen))}",
                legendgroup=place,
                showlegend=bool(chosen),
            ),
            row=3,
            col=1,
        )


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:,.1f} ms" if milliseconds >= 1 else f"{milliseconds:.2g} ms"


def _draw_limit(figure: go.Figure, row: int, limit: int, peak: int, words: str) -> None:
    """The dashed line, where the buffers come near it; otherwise words that say where it is."""
    near, axis = 2 * peak > limit or not peak, "" if row == 1 else str(row)
    figure.update_yaxes(range=[0, 1.1 * max(peak, limit if near else 0) / MIB], row=row, col=1)
    text = f"{bytes_text(limit)} {words}"
    if near:
        line = {"color": ALERT, "dash": "dash", "width": 1.5}
        figure.add_hline(limit / MIB, line=line, row=row, col=1)
    figure.add_annotation(
        text=text if near else f"limit: {text}, above this axis",
        x=1,
        xref=f"x{axis} domain",
        xanchor="right",
        y=limit / MIB if near else 1,
        yref=f"y{axis}" if near else f"y{axis} domain",
        yanchor="bottom",
        showarrow=False,
        font={"color": ALERT if near else MUTED},
    )


def _name_peak(figure: go.Figure, row: int, buffers: Sequence[Row], steps: int, limit: int) -> None:
    """An arrow to the buffer that ends highest, with its numbers."""
    if not buffers:
        return
    peak = max(buffers, key=lambda buffer: buffer["start_bytes"] + buffer["size_bytes"])
    start, size = peak["start_bytes"], peak["size_bytes"]
    excess = start + size - limit
    told = f"{bytes_text(size)} from {bytes_text(start)} on" if start else bytes_text(size)
    more = f", <b>{excess:,} bytes too many</b>" if excess > 0 else ""
    left = (peak["birth"] + peak["death"]) / 2 < 0.55 * steps
    figure.add_annotation(
        text=f"<b>{html.escape(_short(peak['layer']))}</b>: {told}{more}",
        x=peak["death"] + 0.5 if left else peak["birth"] - 0.5,
        y=(start + size / 2) / MIB,
        ax=40 if left else -40,
        ay=0,
        xanchor="left" if left else "right",
        arrowcolor=INK,
        arrowwidth=1,
        arrowhead=2,
        font={"color": ALERT if excess > 0 else INK},
        bgcolor="rgba(255, 255, 255, 0.8)",
        borderpad=3,
        row=row,
        col=1,
    )


def _name_steps(figure: go.Figure, steps: Sequence[Row]) -> None:
    """Layers' names below, at their first steps, as many as can be read."""
    apart = len(steps) / TICKS
    shown: list[tuple[int, str]] = []
    for index, layer in _starts(steps):
        if not shown or index - shown[-1][0] >= apart:
            shown.append((index, layer))
    figure.update_xaxes(range=[-0.5, len(steps) - 0.5], showgrid=False, ticks="")
    figure.update_xaxes(
        tickvals=[index for index, _ in shown],
        ticktext=[html.escape(_short(layer)) for _, layer in shown],
        tickangle=-90,
        tickfont={"size": 11},
        ticks="outside",
        title={"text": f"{len(steps)} steps in the order of execution", "standoff": 12},
        automargin=True,
        row=3,
        col=1,
    )


def _starts(steps: Sequence[Row]) -> Iterator[tuple[int, str]]:
    seen: set[str] = set()
    for index, step in enumerate(steps):
        if step["layer"] not in seen:
            seen.add(step["layer"])
            yield index, step["layer"]


def _short(name: str) -> str:
    """The last two parts of a converter's path, cut at the end where they are long."""
    end = "/".join(name.split("/")[-2:])
    return end if len(end) <= LONGEST_NAME else f"{end[: LONGEST_NAME - 1]}…"


def _layout(account: Row) -> dict[str, Any]:
    axis = {
        "gridcolor": GRID,
        "linecolor": MUTED,
        "zeroline": False,
        "ticks": "outside",
        "automargin": True,
    }
    return layout(
        width=WIDTH_PIXELS,
        height=HEIGHT_PIXELS,
        margin={"l": 72, "r": 24, "t": 112, "b": 24},
        title={"text": _title(account), "x": 0, "xref": "paper", "xanchor": "left", "y": 0.98,
               "yanchor": "top", "font": {"size": 17}},
        barmode="overlay",
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.01, "xanchor": "left", "yanchor": "bottom"},
        xaxis={"showgrid": False},
        yaxis={**axis, "title": {"text": "KPU memory, MiB"}},
        yaxis2={**axis, "title": {"text": ".data, MiB"}},
        yaxis3={**axis, "title": {"text": "time, ms"}, "rangemode": "tozero",
                "tickformat": ",~g"},
    )  # fmt: skip


def _title(account: Row) -> str:
    low, high = account["latency_ms_low"], account["latency_ms_high"]
    return (
        f"<b>{html.escape(Path(account['design']).name)}</b>: {account['verdict']}<br>"
        f"<span style='font-size:13px;color:{MUTED}'>"
        f"{html.escape(account['message'])}<br>"
        f"KPU memory {bytes_text(account['peak_kpu_bytes'])} · "
        f"main memory {bytes_text(account['main_memory_bytes'])}, "
        f"of it the file {bytes_text(account['kmodel_bytes'])} and "
        f".data {bytes_text(account['data_bytes'])} · "
        f"about {account['latency_ms']:,.0f} ms ({low:,.0f} to {high:,.0f})</span>"
    )
