"""One HTML file that holds everything: data, figures, styles, scripts and plotly.js.

The file needs no network and asks for none: its content-security policy forbids it.
"""

from __future__ import annotations

import base64
import functools
import gzip
import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from string import Template
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_args

import pandas as pd
import plotly
import plotly.graph_objects as go

from dse.errors import UsageError
from dse.files import make_folder, utf8, write_whole
from dse.plain import plain
from dse.versions import version_of
from dse.views.dashboard.accounts import accounts
from dse.views.dashboard.comparison import comparison_figure, comparison_table
from dse.views.dashboard.figures import FRAME_RATE_HZ, Scope, front_figure
from dse.views.dashboard.frames import (
    Record,
    StudyTables,
    budget,
    explain_command,
    export_command,
    facts,
    picks,
    rejected_by_reason,
    study_tables,
)
from dse.views.dashboard.importance import Importance, importance
from dse.views.dashboard.marks import hover_text, input_sizes
from dse.views.dashboard.panel_figures import (
    accuracy_figure,
    empty_timeline,
    learning_curve_figure,
    precision_recall_figure,
)
from dse.views.dashboard.references import Reference, references
from dse.views.dashboard.story import (
    Over,
    budget_figure,
    hypervolume_figure,
    importance_figure,
    rejected_figure,
)
from dse.views.dashboard.style import AXES, DARK, FAINT, INK, size_colours

if TYPE_CHECKING:  # the module brings what runs detectors
    from dse.views.dashboard.samples import StudySamples

__all__ = ["page_text", "payload_json", "plain_json", "write_dashboard"]

_SCRIPTS = (
    "state.js", "table.js", "limits.js", "parallel.js", "brush.js", "plots.js", "details.js",
    "inside.js", "samples.js", "story.js", "live.js", "main.js",
)  # fmt: skip
_STYLES = ("page.css", "panel.css")
NO_SAMPLES: Mapping[str, StudySamples] = MappingProxyType({})
_CURVE_COLUMNS = ["epoch", "loss", "val_ap"]
_SIGNIFICANT_DIGITS = 6


def write_dashboard(
    records: Sequence[Record], path: Path, samples: Mapping[str, StudySamples] = NO_SAMPLES
) -> Path:
    """Writes the page of one or more studies to `path` and returns it.

    samples: study -> pictures for its designs' panels. The file appears whole or not at all.
    Raises UsageError when there is no study, FileError where the system refuses.
    """
    if not records:
        raise UsageError("there is no study to show", "run `dse search` first")
    studies = [study_tables(record) for record in records]
    make_folder(path.parent)
    write_whole(path, utf8(page_text(studies, payload_json(studies, samples))))
    return path


def page_text(studies: Sequence[StudyTables], payload: str, live: str = "") -> str:
    """The page as HTML, with its data as `payload_json` gives it.

    live: the version that a `LiveServer` serves: the page then asks for a newer one.
    """
    title = ", ".join(tables.name for tables in studies)
    version = version_of("dse") or "from source"
    page = Template(_static("page.html")).substitute(
        title=html.escape(title),
        live=html.escape(live),
        connect="'self'" if live else "'none'",
        css="\n".join(_static(name) for name in _STYLES),
        base=_static("base.js"),
        script="\n".join(_static(name) for name in _SCRIPTS),
        payload=_packed(utf8(payload)),
        plotly=_packed_plotly(),
        fallback="".join(_fallback(tables) for tables in studies),
        footer=html.escape(f"Written by dse {version}. One file, no network."),
    )
    return _encodable(page)


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
    return _encodable(text)


def _encodable(text: str) -> str:
    """`text` with escapes, as JSON has them, for the bytes of a folder's name that are no UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()


def _shortened(value: float) -> float:
    return int(value) if value.is_integer() else float(f"{value:.{_SIGNIFICANT_DIGITS}g}")


def _payload(studies: Sequence[StudyTables], samples: Mapping[str, StudySamples]) -> dict[str, Any]:
    marks = references()
    return {
        "studies": [_study(tables, marks, samples.get(tables.name)) for tables in studies],
        "axes": {column: asdict(axis) for column, axis in AXES.items()},
        "references": [asdict(mark) for mark in marks],
        "panel_figures": _panel_figures(),
        "comparison": _comparison(studies) if len(studies) > 1 else None,
        "dark": DARK,
        "ring": INK,
        "faint": FAINT,
        "frame_rate_hz": FRAME_RATE_HZ,
    }


def _study(
    tables: StudyTables, marks: Sequence[Reference], samples: StudySamples | None
) -> dict[str, Any]:
    designs = tables.designs
    spent = budget(designs)
    known, fine = facts(tables)
    sizes = input_sizes(designs)
    weighed = importance(tables)
    return {
        "name": tables.name,
        "designs": _rows(designs),
        "size_colours": dict(zip(map(int, sizes), size_colours(len(sizes)), strict=True)),
        "counts": {str(k): int(v) for k, v in designs["state"].value_counts().items()},
        "reasons": rejected_by_reason(designs),
        "trainings": int(spent["trainings"].sum()),
        "stopped_early": int(spent.set_index("fate").loc["stopped", "trainings"]),
        "picks": [asdict(pick) for pick in picks(designs)],
        "limits": [asdict(limit) for limit in tables.limits],
        "curves": {
            name: {column: curve[column].to_list() for column in _CURVE_COLUMNS}
            for name, curve in tables.curves.items()
        },
        "inside": _inside(tables),
        "samples": samples.as_dict() if samples else None,
        "figures": {
            "front": {
                scope: {axis: _front(tables, axis, scope, marks) for axis in AXES}
                for scope in ("deployable", "all")
            },
            **_story_figures(tables, spent, weighed),
        },
        "notes": _notes(tables, spent, weighed),
        "facts": known,
        "fine_facts": fine,
        "export_command": export_command(tables),
        "explain_command": explain_command(tables),
    }


def _comparison(studies: Sequence[StudyTables]) -> dict[str, Any]:
    """The studies beside each other: a row each, and their fronts by scope and axis."""
    return {
        "rows": comparison_table(studies).to_dict("records"),
        "figures": {
            scope: {axis: _figure(comparison_figure(studies, axis, scope)) for axis in AXES}
            for scope in get_args(Scope)
        },
    }


def _inside(tables: StudyTables) -> dict[str, Any]:
    """The accounts of a study's designs, and the empty figure that the page fills with one."""
    inside = accounts(tables)
    memories = [one["title"] for one in inside["memories"]]
    timeline = _figure(empty_timeline(memories, inside["places"])) if memories else None
    return {**inside, "timeline": timeline}


def _panel_figures() -> dict[str, Any]:
    """A design's figures, empty: the page fills in the one that is chosen."""
    no_format = pd.DataFrame(columns=["format", "ap", "ap_low", "ap_high", "kmodel_ap"])
    return {
        "curve": _figure(learning_curve_figure(pd.DataFrame(columns=_CURVE_COLUMNS))),
        "accuracy": _figure(accuracy_figure(no_format)),
        "precision_recall": _figure(precision_recall_figure({"kpu8": [], "FP32": []})),
    }


def _rows(designs: pd.DataFrame) -> dict[str, Any]:
    """Columns and rows, with what the pointer shows of each row."""
    hover = [hover_text(row) for row in designs.to_dict("records")]
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
        "importance": _figure(importance_figure(weighed.shares)) if weighed else None,
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


def _fallback(tables: StudyTables) -> str:
    """The front as a table of HTML, for a reader without JavaScript."""
    columns = [
        "candidate", "ap", "kmodel_ap", "latency_ms", "latency_ms_low", "latency_ms_high",
        "kmodel_bytes",
    ]  # fmt: skip
    front = tables.designs.loc[tables.designs["state"] == "front", columns]
    caption = f"<h2>{html.escape(tables.name)}</h2>"
    if front.empty:
        return f"{caption}<p>No design has been measured yet.</p>"
    return caption + str(front.to_html(index=False, escape=True, na_rep="", border=0))


def _static(name: str) -> str:
    return (resources.files("dse.views.dashboard") / "static" / name).read_text(encoding="utf-8")


@functools.cache
def _packed_plotly() -> str:
    source = resources.files(plotly) / "package_data" / "plotly.min.js"
    return _packed(source.read_bytes())


def _packed(content: bytes) -> str:
    """Compressed, as base64: a third of plotly.js, a quarter of a study, and no markup in it."""
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode("ascii")
