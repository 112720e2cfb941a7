"""One design's memory and time, step by step, as a Plotly figure.

Above, each memory as the compiler fills it: a rectangle for each buffer, from the step that writes
it to the last that reads it, at its address. Below, the time of every step.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dse.chips.account import Buffers
from dse.chips.explaining import Explanation
from dse.text_table import bytes_text
from dse.views.dashboard.figure_files import write_figure
from dse.views.dashboard.style import ALERT, GRID, INK, MUTED, PAPER, layout, size_colours

__all__ = ["place_colours", "timeline_figure", "write_explanation"]

Row = Mapping[str, Any]

TOO_FAR = "does not fit"
HATCHED = {"fillmode": "overlay", "fgcolor": PAPER, "fgopacity": 0.6, "size": 8}
MIB = 1 << 20
WIDTH_PIXELS, HEIGHT_PIXELS = 1200, 1000
TIME_HEIGHT = 0.25
"""Of the panel of times, as a part of all memories together."""

TICKS = 44
"""Names that fit side by side along the steps."""

LONGEST_NAME = 22


def write_explanation(told: Explanation, path: Path) -> Path:
    """Draws an explanation as a file: .html, .png or .svg; returns `path`.

    Raises UsageError for another suffix, DseError where a picture finds no browser.
    """
    return write_figure(timeline_figure(told), path)


def timeline_figure(told: Explanation) -> go.Figure:
    """The figure of an explanation: a panel for each memory, and one for time."""
    memories, steps, places = told.account.memories, told.account.steps, told.on.places
    heights = [1 / (2 * 2**row) for row in range(len(memories))]
    figure = make_subplots(
        rows=len(memories) + 1,
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.035,
        row_heights=[*heights, TIME_HEIGHT * sum(heights)],
    )
    _draw_times(figure, len(memories) + 1, steps, places)
    for row, memory in enumerate(memories, start=1):
        _draw_buffers(figure, row, memory, places)
    figure.update_layout(_layout(told))
    for row, memory in enumerate(memories, start=1):
        _draw_limit(figure, row, memory)
    for row, memory in enumerate(memories, start=1):
        _name_peak(figure, row, memory, len(steps))
    _name_steps(figure, len(memories) + 1, steps)
    return figure


def place_colours(places: Iterable[str]) -> dict[str, str]:
    """The colour of each place where a step may run."""
    names = list(places)
    return dict(zip(names, reversed(size_colours(len(names))), strict=True))


def _draw_buffers(figure: go.Figure, row: int, memory: Buffers, places: Mapping[str, str]) -> None:
    """Rectangles by what writes them; those that end beyond the limit in the colour of limits."""
    buffers, limit, colours = memory.rows, memory.limit_bytes, place_colours(places)
    if not buffers:  # axes are drawn only where a trace is
        figure.add_trace(go.Bar(x=[0], y=[0], showlegend=False), row=row, col=1)
    for place in (*places, TOO_FAR):
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
                    "color": colours.get(place, ALERT),
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


def _draw_times(
    figure: go.Figure, row: int, steps: Sequence[Row], places: Mapping[str, str]
) -> None:
    colours = place_colours(places)
    for place, name in places.items():
        chosen = [step for step in steps if step["place"] == place and step["ms"]]
        figure.add_trace(
            go.Bar(
                x=[step["step"] for step in chosen],
                y=[step["ms"] for step in chosen],
                width=1,
                marker={"color": colours[place], "line": {"color": PAPER, "width": 0.5}},
                text=[f"<b>{html.escape(s['layer'])}</b><br>{s['op']}" for s in chosen],
                textposition="none",
                hovertemplate="%{text}: %{y:.2f} ms<extra></extra>",
                name=f"{name}, {_ms(sum(step['ms'] for step in chosen))}",
                legendgroup=place,
                showlegend=bool(chosen),
            ),
            row=row,
            col=1,
        )


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:,.1f} ms" if milliseconds >= 1 else f"{milliseconds:.2g} ms"


def _draw_limit(figure: go.Figure, row: int, memory: Buffers) -> None:
    """The dashed line, where the buffers come near it; otherwise words that say where it is."""
    limit, peak = memory.limit_bytes, memory.peak_bytes
    near, axis = 2 * peak > limit or not peak, "" if row == 1 else str(row)
    figure.update_yaxes(range=[0, 1.1 * max(peak, limit if near else 0) / MIB], row=row, col=1)
    text = f"{bytes_text(limit)} {memory.limit}"
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


def _name_peak(figure: go.Figure, row: int, memory: Buffers, steps: int) -> None:
    """An arrow to the buffer that ends highest, with its numbers."""
    buffers, limit = memory.rows, memory.limit_bytes
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


def _name_steps(figure: go.Figure, row: int, steps: Sequence[Row]) -> None:
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
        row=row,
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


def _layout(told: Explanation) -> dict[str, Any]:
    axis = {
        "gridcolor": GRID,
        "linecolor": MUTED,
        "zeroline": False,
        "ticks": "outside",
        "automargin": True,
    }
    titles = [f"{memory.title}, MiB" for memory in told.account.memories]
    axes = {
        f"yaxis{number}": {**axis, "title": {"text": title}}
        for number, title in enumerate(titles, start=1)
    }
    time = {"title": {"text": "time, ms"}, "rangemode": "tozero", "tickformat": ",~g"}
    return layout(
        width=WIDTH_PIXELS,
        height=HEIGHT_PIXELS,
        margin={"l": 72, "r": 24, "t": 112, "b": 24},
        title={"text": _title(told), "x": 0, "xref": "paper", "xanchor": "left", "y": 0.98,
               "yanchor": "top", "font": {"size": 17}},
        barmode="overlay",
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.01, "xanchor": "left", "yanchor": "bottom"},
        xaxis={"showgrid": False},
        **axes,
        **{f"yaxis{len(titles) + 1}": {**axis, **time}},
    )  # fmt: skip


def _title(told: Explanation) -> str:
    found, cost = told.checked, told.checked.cost
    sizes = [f"{use.pool.short} {bytes_text(use.needed_bytes)}" for use in found.uses]
    if all(use.pool.field != told.on.columns.size for use in found.uses):
        sizes.append(f"file {bytes_text(cost.file_bytes)}")  # in no memory of its own
    return (
        f"<b>{html.escape(Path(told.design).name)}</b>: {found.verdict.status}<br>"
        f"<span style='font-size:13px;color:{MUTED}'>"
        f"{html.escape(found.message)}<br>"
        f"{' · '.join(sizes)} · about "
        f"{cost.latency_ms:,.0f} ms ({cost.latency_ms_low:,.0f} to {cost.latency_ms_high:,.0f})"
        "</span>"
    )
