"""Two or more studies beside each other: their fronts in one figure, their figures in one table."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from dse.pareto import ObjectiveBox
from dse.views.dashboard.figures import Scope, in_scope, staircase
from dse.views.dashboard.frames import StudyTables, budget
from dse.views.dashboard.style import PAPER, Axis, axes_of, layout, size_colours

__all__ = ["common_axes", "comparison_figure", "comparison_table"]

DASHES = ("solid", "dash", "dot", "dashdot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x")


def comparison_table(studies: Sequence[StudyTables]) -> pd.DataFrame:
    """One row a study: study, trained, stopped, failed, seconds, hypervolume, best_ap.

    seconds: of search until the last finished training. hypervolume: of the deployable designs,
    as a share of one box around what fits in any of the studies; NaN where nothing does.
    best_ap: of the deployable designs.
    """
    fitting = np.concatenate([_fitting(tables) for tables in studies])
    box = ObjectiveBox.of_costs(fitting) if len(fitting) else None
    return pd.DataFrame([_row(tables, box) for tables in studies])


def _fitting(tables: StudyTables) -> NDArray[np.float64]:
    """(n, 2) latency, ms, and size of the file, bytes, of what fits."""
    space = tables.space[(tables.space["status"] == "accepted") & (tables.space["deployable"] == 1)]
    return np.asarray(space[["latency_ms", tables.columns.size.name]], dtype=np.float64)


def _row(tables: StudyTables, box: ObjectiveBox | None) -> dict[str, object]:
    spent = budget(tables.designs).set_index("fate")["trainings"]
    measured = in_scope(tables.designs, "deployable").dropna(subset="ap")
    measured = measured[measured["state"].isin(("front", "dominated"))]
    values = measured[["ap", "latency_ms", tables.columns.size.name]].to_numpy()
    return {
        "study": tables.name,
        **{fate: int(spent[fate]) for fate in ("trained", "stopped", "failed")},
        "seconds": float(tables.history["elapsed_s"].max()),
        "hypervolume": box.share(values) if box else float("nan"),
        "best_ap": float(measured["ap"].max()),
    }


def common_axes(studies: Sequence[StudyTables]) -> dict[str, Axis]:
    """The axes that all of the studies have."""
    first, *others = (axes_of(tables.columns) for tables in studies)
    return {name: axis for name, axis in first.items() if all(name in other for other in others)}


def comparison_figure(
    studies: Sequence[StudyTables], column: str = "latency_ms", scope: Scope = "deployable"
) -> go.Figure:
    """The staircase fronts of AP against `column`, one of `common_axes`, a line a study."""
    axis = common_axes(studies)[column]
    figure = go.Figure()
    colours = size_colours(len(studies))
    for place, tables in enumerate(studies):
        designs = in_scope(tables.designs, scope)
        designs = designs[designs["state"].isin(("front", "dominated"))]
        cost, ap = staircase(designs[column].to_list(), designs["ap"].to_list())
        corners = designs.drop_duplicates(["ap", column]).set_index(["ap", column])["candidate"]
        names = [corners[pair] for pair in zip(ap, cost, strict=True)]
        figure.add_scatter(
            x=[value / axis.units_per_shown for value in cost],
            y=ap,
            text=[html.escape(name) for name in names],
            name=html.escape(tables.name),
            mode="lines+markers",
            line={"shape": "hv", "color": colours[place], "width": 2,
                  "dash": DASHES[place % len(DASHES)]},
            marker={"symbol": SYMBOLS[place % len(SYMBOLS)], "size": 8, "color": colours[place],
                    "line": {"width": 1, "color": PAPER}},
            hovertemplate=f"<b>%{{text}}</b><br>AP %{{y:.3f}}, %{{x:,.4~g}} {axis.unit}",
        )  # fmt: skip
    figure.update_layout(
        layout(
            xaxis={"title": {"text": f"{axis.title} ({axis.unit})"}, "type": _scale(figure)},
            yaxis={"title": {"text": _ap_words(studies)}, "tickformat": ".2~f"},
            showlegend=True,
            legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
            margin={"l": 56, "r": 16, "t": 36, "b": 48},
        )
    )
    return figure


def _scale(figure: go.Figure) -> str:
    """Logarithmic where the fronts span more than a factor of 25, as in the front's figure."""
    places = [place for trace in figure.data for place in trace.x]
    return "log" if places and max(places) > 25 * min(places) > 0 else "linear"


def _ap_words(studies: Sequence[StudyTables]) -> str:
    """What AP is called where studies of one class may stand beside those of several."""
    return " or ".join(dict.fromkeys(tables.columns.ap_words for tables in studies))
