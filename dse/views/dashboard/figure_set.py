"""Every figure of a study by name, each with the plain table that it draws; and as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, get_args

import pandas as pd
import plotly.graph_objects as go

from dse.chips import explain
from dse.files import make_folder, utf8, write_whole
from dse.views.dashboard.accounts import curve_points, target_of
from dse.views.dashboard.comparison import common_axes, comparison_figure, comparison_table
from dse.views.dashboard.explanation import timeline_figure
from dse.views.dashboard.figure_files import pictures
from dse.views.dashboard.figures import front_figure, in_scope
from dse.views.dashboard.frames import (
    FLOAT,
    Record,
    StudyTables,
    budget,
    rejected_by_reason,
    study_tables,
)
from dse.views.dashboard.importance import importance
from dse.views.dashboard.panel_figures import (
    accuracy_figure,
    learning_curve_figure,
    precision_recall_figure,
)
from dse.views.dashboard.picks import picks
from dse.views.dashboard.references import references
from dse.views.dashboard.story import (
    Over,
    budget_figure,
    hypervolume_figure,
    importance_figure,
    rejected_figure,
)
from dse.views.dashboard.style import axes_of

__all__ = ["Drawn", "design_figures", "study_figures", "write_figures"]

KINDS = ("png", "svg")
SIZE = {"width": 960, "height": 600}
"""Pixels, where the figure has no size of its own."""


class Drawn(NamedTuple):
    """A figure, and what it shows as a table."""

    figure: go.Figure
    table: pd.DataFrame


def write_figures(records: Sequence[Record], folder: Path) -> list[Path]:
    """Writes the figures of each study to `folder`/<study>, and of several to `folder` as well.

    Each comes as PNG, SVG and CSV. Returns the files. Raises DseError where no browser is
    found to draw with.
    """
    studies = [study_tables(record) for record in records]
    found = {Path(tables.name) / name: drawn for tables in studies
             for name, drawn in study_figures(tables).items()}  # fmt: skip
    if len(studies) > 1:
        table = comparison_table(studies)
        for axis in common_axes(studies):
            name = Path(f"comparison-{axis}")
            found[name] = Drawn(comparison_figure(studies, axis), table)
    wanted = [(_sized(drawn.figure), kind) for drawn in found.values() for kind in KINDS]
    images = iter(pictures(wanted))
    written = []
    for name, drawn in found.items():
        files = {f"{name}.{kind}": next(images) for kind in KINDS}
        files[f"{name}.csv"] = utf8(drawn.table.to_csv(index=False))
        for file, content in files.items():
            make_folder((folder / file).parent)
            write_whole(folder / file, content)
            written.append(folder / file)
    return written


def _sized(figure: go.Figure) -> go.Figure:
    return figure if figure.layout.width else go.Figure(figure).update_layout(SIZE)


def study_figures(tables: StudyTables) -> dict[str, Drawn]:
    """The figures of a study that has what they show, and of its most accurate design."""
    designs = in_scope(tables.designs, "deployable")
    shown = designs[designs["shown_ap"].notna()].drop(columns="lane")
    marks = references(tables.columns, tables.classes)
    found = {
        f"front-{axis}": Drawn(front_figure(tables, axis, references=marks), shown)
        for axis in axes_of(tables.columns)
    }
    if len(tables.history):
        for over in get_args(Over):
            figure = hypervolume_figure(tables.history, over)
            found[f"hypervolume-{over}"] = Drawn(figure, tables.history)
    spent, reasons = budget(tables.designs), rejected_by_reason(tables.designs)
    if spent["trainings"].sum():
        found["budget"] = Drawn(budget_figure(spent), spent)
    if reasons:
        counts = pd.DataFrame(reasons.items(), columns=["reason", "candidates"])
        found["rejected"] = Drawn(rejected_figure(reasons), counts)
    weighed = importance(tables)
    if weighed:
        found["importance"] = Drawn(
            importance_figure(weighed.shares, tables.columns), weighed.shares
        )
    best = next((pick.candidate for pick in picks(tables)), None)
    return {**found, **(design_figures(tables, best) if best else {})}


def design_figures(tables: StudyTables, candidate: str) -> dict[str, Drawn]:
    """The figures of one design of a study, by its name and theirs; `candidate` is its id."""
    designs = tables.designs
    row = designs.set_index("candidate").loc[candidate]
    siblings = designs[designs["training"] == row["training"]]
    table = siblings[["format", "ap", "ap_low", "ap_high", tables.columns.file_ap.name]]
    found = {"accuracy": Drawn(accuracy_figure(table, tables.columns), table)}
    if row["training"] in tables.curves:
        curve = tables.curves[row["training"]]
        found["learning-curve"] = Drawn(learning_curve_figure(curve), curve)
    known = {name: tables.precision_recall.get(f"{row['training']}-{name}")
             for name in dict.fromkeys((row["format"], FLOAT))}  # fmt: skip
    curves = {name: curve for name, curve in known.items() if curve is not None}
    if curves:
        points = {name: curve_points(curve) for name, curve in curves.items()}
        together = pd.concat(curves, names=["format"]).reset_index("format")
        found["precision-recall"] = Drawn(precision_recall_figure(points), together)
    target = target_of(tables.settings)
    if target:
        told = explain(candidate, target)
        found["timeline"] = Drawn(timeline_figure(told), pd.DataFrame(told.account.steps))
    return {f"{candidate}-{name}": drawn for name, drawn in found.items()}
