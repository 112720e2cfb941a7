"""What the page shows, as plain values: rows, figures, notes and what a study's columns are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_args

import pandas as pd
import plotly.graph_objects as go
from pandas.api.types import is_numeric_dtype

from dse.canvas import Canvas
from dse.columns import Column
from dse.data.specification import are_drawn_scenes
from dse.plain import plain
from dse.study.columns import AXES, Place, StudyColumns
from dse.views.dashboard.accounts import accounts
from dse.views.dashboard.camera_pictures import picture_note
from dse.views.dashboard.comparison import common_axes, comparison_figure, comparison_table
from dse.views.dashboard.figures import FRAME_RATE_HZ, Scope, front_figure
from dse.views.dashboard.frames import (
    FLOAT,
    StudyTables,
    budget,
    explain_command,
    export_command,
    facts,
    rejected_by_reason,
)
from dse.views.dashboard.importance import Importance, importance
from dse.views.dashboard.marks import hover_text, input_sizes
from dse.views.dashboard.panel_figures import (
    accuracy_figure,
    empty_timeline,
    in_order,
    learning_curve_figure,
    precision_recall_figure,
)
from dse.views.dashboard.picks import picks
from dse.views.dashboard.references import Reference, references
from dse.views.dashboard.story import (
    Over,
    budget_figure,
    hypervolume_figure,
    importance_figure,
    rejected_figure,
)
from dse.views.dashboard.style import DARK, FAINT, INK, axes_of, size_colours

if TYPE_CHECKING:  # the module brings what runs detectors
    from dse.views.dashboard.samples import StudySamples

__all__ = ["NO_SAMPLES", "encodable", "payload_json", "plain_json"]

NO_SAMPLES: Mapping[str, StudySamples] = MappingProxyType({})
_CURVE_COLUMNS = ["epoch", "loss", "val_ap"]
_SIGNIFICANT_DIGITS = 6


def payload_json(
    studies: Sequence[StudyTables], samples: Mapping[str, StudySamples] = NO_SAMPLES
) -> str:
    """Everything that the page shows, as JSON; `samples` as of `write_dashboard`."""
    return plain_json(_payload(studies, samples))


def plain_json(value: Any) -> str:
    """`value` as JSON with shortened numbers; what is no number becomes null."""
    text = json.dumps(
        plain(value, _shortened), ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )
    return encodable(text)


def encodable(text: str) -> str:
    """`text` with escapes, as JSON has them, for the bytes of a folder's name that are no UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()


def _shortened(value: float) -> float:
    return int(value) if value.is_integer() else float(f"{value:.{_SIGNIFICANT_DIGITS}g}")


def _payload(studies: Sequence[StudyTables], samples: Mapping[str, StudySamples]) -> dict[str, Any]:
    axes = {name: axis for tables in studies for name, axis in axes_of(tables.columns).items()}
    return {
        "studies": [_study(tables, samples.get(tables.name)) for tables in studies],
        "axes": {name: asdict(axis) for name, axis in axes.items()},
        "panel_figures": _panel_figures(studies),
        "comparison": _comparison(studies) if len(studies) > 1 else None,
        "dark": DARK,
        "ring": INK,
        "faint": FAINT,
        "frame_rate_hz": FRAME_RATE_HZ,
    }


def _study(tables: StudyTables, samples: StudySamples | None) -> dict[str, Any]:
    designs, columns = tables.designs, tables.columns
    axes, marks = axes_of(columns), references(columns, tables.classes)
    spent = budget(designs)
    known, fine = facts(tables)
    camera = picture_note(tables)
    sizes = input_sizes(designs)
    weighed = importance(tables)
    return {
        "name": tables.name,
        **_columns(columns, designs),
        "designs": _rows(designs, columns),
        "formats": in_order(designs["format"], columns),
        "size_colours": dict(zip(map(_size_key, sizes), size_colours(len(sizes)), strict=True)),
        "counts": {str(k): int(v) for k, v in designs["state"].value_counts().items()},
        "reasons": rejected_by_reason(designs),
        "trainings": int(spent["trainings"].sum()),
        "stopped_early": int(spent.set_index("fate").loc["stopped", "trainings"]),
        "picks": [asdict(pick) for pick in picks(tables)],
        "limits": [asdict(limit) for limit in tables.limits],
        "curves": {
            name: {column: curve[column].to_list() for column in _CURVE_COLUMNS}
            for name, curve in tables.curves.items()
        },
        "inside": _inside(tables),
        "classes": tables.ap_by_class,
        "samples": samples.as_dict() if samples else None,
        "figures": {
            "front": {
                scope: {axis: _front(tables, axis, scope, marks) for axis in axes}
                for scope in ("deployable", "all")
            },
            **_story_figures(tables, spent, weighed),
        },
        "references": [asdict(mark) for mark in marks],
        "notes": _notes(tables, spent, weighed),
        "facts": [*known, ("camera", camera)] if camera else known,
        "fine_facts": fine,
        "is_demo": are_drawn_scenes(str(tables.settings.get("search", {}).get("data", ""))),
        "export_command": export_command(tables),
        "explain_command": explain_command(tables),
    }


def _is_number(column: Column, designs: pd.DataFrame) -> bool:
    """Whether the page compares its values as numbers: input sizes, where all are square."""
    return column.is_number or (column.kind is Canvas and is_numeric_dtype(designs[column.name]))


def _size_key(size: float | str) -> str | int:
    return size if isinstance(size, str) else int(size)


def _columns(columns: StudyColumns, designs: pd.DataFrame) -> dict[str, Any]:
    """What the page has to know of the study's columns, and its chip's words."""
    places: tuple[Place, ...] = ("axes", "sliders", "parallel", "table")
    shown: dict[str, list[str]] = {place: columns.names(place) for place in places}
    shown["parameters"] = [axis.name for axis in AXES]
    shown["costs"] = [column.name for column in columns.chip.costs]
    named = dict.fromkeys(name for names in shown.values() for name in names)
    chip = columns.chip
    return {
        "columns": {
            name: {"title": columns[name].title, "unit": columns[name].unit,
                   "is_number": _is_number(columns[name], designs)}
            for name in named
        },
        "shown": shown,
        "size": columns.size.name,
        "file_ap": columns.file_ap.name,
        "ap": columns["ap"].title,
        "chip": {"file": chip.file, "accelerator": chip.accelerator, "format": chip.format},
    }  # fmt: skip


def _comparison(studies: Sequence[StudyTables]) -> dict[str, Any]:
    """The studies beside each other: a row each, and their fronts by scope and axis."""
    return {
        "rows": comparison_table(studies).to_dict("records"),
        "figures": {
            scope: {
                axis: _figure(comparison_figure(studies, axis, scope))
                for axis in common_axes(studies)
            }
            for scope in get_args(Scope)
        },
    }


def _inside(tables: StudyTables) -> dict[str, Any]:
    """The accounts of a study's designs, and the empty figure that the page fills with one."""
    inside = accounts(tables)
    memories = [one["title"] for one in inside["memories"]]
    timeline = _figure(empty_timeline(memories, inside["places"])) if memories else None
    return {**inside, "timeline": timeline}


def _panel_figures(studies: Sequence[StudyTables]) -> dict[str, Any]:
    """A design's figures, empty: the page fills in the one that is chosen."""
    columns = studies[0].columns
    known = ["format", "ap", "ap_low", "ap_high", columns.file_ap.name]
    no_format = pd.DataFrame(columns=known)
    return {
        "curve": _figure(learning_curve_figure(pd.DataFrame(columns=_CURVE_COLUMNS))),
        "accuracy": _figure(accuracy_figure(no_format, columns)),
        "precision_recall": _figure(precision_recall_figure({columns.chip.format: [], FLOAT: []})),
    }


def _rows(designs: pd.DataFrame, columns: StudyColumns) -> dict[str, Any]:
    """Columns and rows, with what the pointer shows of each row."""
    hover = [hover_text(row, columns) for row in designs.to_dict("records")]
    table = designs.assign(hover=hover).astype(object)
    return {"columns": list(table.columns), "rows": table.to_numpy().tolist()}


def _front(tables: StudyTables, axis: str, scope: Any, marks: Sequence[Reference]) -> Any:
    """The front's figure; the page takes the words of the designs from their rows."""
    figure = _figure(front_figure(tables, axis, scope, marks))
    for trace in figure["data"]:
        if "customdata" in trace:
            del trace["text"]
    return figure


def _story_figures(
    tables: StudyTables, spent: pd.DataFrame, weighed: Importance | None
) -> dict[str, Any]:
    """Figures of the search; None where there is nothing to draw."""
    reasons = rejected_by_reason(tables.designs)
    history = tables.history
    return {
        "hypervolume": {
            over: _figure(hypervolume_figure(history, over)) if len(history) else None
            for over in get_args(Over)
        },
        "importance": _figure(importance_figure(weighed.shares, tables.columns))
        if weighed
        else None,
        "budget": _figure(budget_figure(spent)) if spent["trainings"].sum() else None,
        "rejected": _figure(rejected_figure(reasons)) if reasons else None,
    }


def _notes(tables: StudyTables, spent: pd.DataFrame, weighed: Importance | None) -> dict[str, str]:
    """One sentence under each of the story's figures, with its numbers."""
    rejected = sum(rejected_by_reason(tables.designs).values())
    notes = {"hypervolume": "", "budget": "", "rejected": ""}
    notes["importance"] = weighed.words() if weighed else ""
    if len(tables.history):
        last = tables.history.iloc[-1]
        notes["hypervolume"] = (
            f"Of the deployable designs; {last['hypervolume']:.4g} "
            f"after {len(tables.history)} trainings and {last['elapsed_s'] / 60:.0f} minutes."
        )
    if spent["trainings"].sum():
        words = f"{spent['seconds'].sum() / 60:.1f} minutes of training in all. {tables.stopping}"
        notes["budget"] = words.strip()
    if rejected:
        notes["rejected"] = f"{rejected:,} candidates cost no training: they cannot fit the target."
    return notes


def _figure(figure: go.Figure) -> dict[str, Any]:
    plain: dict[str, Any] = figure.to_plotly_json()
    return plain
