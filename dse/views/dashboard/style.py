"""Axes, colours and the common look of every figure.

Figures are made in the light colours; `DARK` says what each becomes on a dark page, so that
the page can recolour a figure without knowing what it shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from plotly.colors import sample_colorscale

from dse.columns import Unit
from dse.study.columns import StudyColumns

__all__ = [
    "ACCENT",
    "ALERT",
    "DARK",
    "FAINT",
    "GRID",
    "INK",
    "MUTED",
    "PAPER",
    "Axis",
    "axes_of",
    "layout",
    "size_colours",
]

INK, MUTED, FAINT, GRID = "#1c2330", "#5b6472", "#b3bbc7", "#dfe3ea"
PAPER, ACCENT = "#ffffff", "#1d4f91"
ALERT = "#b42318"
"""Limits. Always with a dashed line and words, so that nothing hangs on the colour."""

_STEPS = 12
_LIGHT_RAMP = [0.74 * (1 - step / (_STEPS - 1)) for step in range(_STEPS)]
_DARK_RAMP = [0.42 + 0.58 * step / (_STEPS - 1) for step in range(_STEPS)]


def _ramp(places: Sequence[float]) -> list[str]:
    """Hexadecimal colours of Matplotlib's plasma map, even in lightness to every kind of eye."""
    colours = sample_colorscale("Plasma", list(places), colortype="tuple")
    return ["#" + "".join(f"{round(255 * part):02x}" for part in colour) for colour in colours]


_LIGHT, _DARK = _ramp(_LIGHT_RAMP), _ramp(_DARK_RAMP)

DARK = {
    INK: "#eef1f6",
    MUTED: "#a3adbb",
    FAINT: "#4d5866",
    ACCENT: "#8fbdff",
    GRID: "#2b3340",
    PAPER: "#141920",
    ALERT: "#ff8a7a",
    **dict(zip(_LIGHT, _DARK, strict=True)),
}
"""Light colour -> what it is on a dark page."""


@dataclass(frozen=True)
class Axis:
    """What the horizontal axis can show: a column of the designs in a readable unit."""

    column: str
    title: str
    unit: str
    units_per_shown: float
    """Units of the column in one unit of the axis: 1024 for bytes shown as KiB."""


_READABLE: dict[Unit, tuple[str, float]] = {
    "bytes": ("KiB", 1024.0),
    "ms": ("ms", 1.0),
    "mj": ("mJ", 1.0),
}
"""Unit of a column -> that of its axis, and how many of the former are one of the latter."""


def axes_of(columns: StudyColumns) -> dict[str, Axis]:
    """What the horizontal axis of a study can show, by the column's name."""
    return {
        column.name: Axis(column.name, column.axis_title, *_READABLE[column.unit])
        for column in columns.at("axes")
    }


def size_colours(count: int) -> list[str]:
    """`count` colours of the light page, from the smallest input to the largest."""
    if count <= 1:
        return [_LIGHT[-1]] * count
    return [_LIGHT[round(place * (_STEPS - 1) / (count - 1))] for place in range(count)]


def layout(**more: Any) -> dict[str, Any]:
    """The layout that every figure starts from, with `more` on top."""
    axis = {
        "gridcolor": GRID,
        "linecolor": MUTED,
        "zeroline": False,
        "ticks": "outside",
        "tickcolor": MUTED,
        "automargin": True,
    }
    base: dict[str, Any] = {
        "template": "none",
        "paper_bgcolor": PAPER,
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "system-ui, sans-serif", "size": 13, "color": INK},
        "margin": {"l": 56, "r": 16, "t": 16, "b": 48},
        "xaxis": dict(axis),
        "yaxis": dict(axis),
        "hoverlabel": {"bgcolor": PAPER, "bordercolor": MUTED, "font": {"color": INK}},
        "showlegend": False,
    }
    for key, value in more.items():
        known = base.get(key)
        base[key] = {**known, **value} if isinstance(known, dict) else value
    return base
