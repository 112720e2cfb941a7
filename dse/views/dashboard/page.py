"""One HTML file that holds everything: data, figures, styles, scripts and plotly.js.

The file needs no network and asks for none: its content-security policy forbids it.
"""

from __future__ import annotations

import base64
import functools
import gzip
import html
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import plotly

from dse.errors import UsageError
from dse.files import make_folder, utf8, write_whole
from dse.launcher import typed
from dse.versions import version_of
from dse.views.dashboard.frames import Record, StudyTables, study_tables
from dse.views.dashboard.payload import NO_SAMPLES, encodable, payload_json

if TYPE_CHECKING:  # the module brings what runs detectors
    from dse.views.dashboard.samples import StudySamples

__all__ = ["page_text", "write_dashboard"]

_SCRIPTS = (
    "state.js", "table.js", "limits.js", "parallel.js", "brush.js", "plots.js", "details.js",
    "inside.js", "samples.js", "story.js", "live.js", "main.js",
)  # fmt: skip
_STYLES = ("page.css", "panel.css")


def write_dashboard(
    records: Sequence[Record], path: Path, samples: Mapping[str, StudySamples] = NO_SAMPLES
) -> Path:
    """Writes the page of one or more studies to `path` and returns it.

    samples: study -> pictures for its designs' panels. The file appears whole or not at all.
    Raises UsageError when there is no study, FileError where the system refuses.
    """
    if not records:
        raise UsageError("there is no study to show", f"{typed('search')} makes one")
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
    return encodable(page)


def _fallback(tables: StudyTables) -> str:
    """The front as a table of HTML, for a reader without JavaScript."""
    shown = tables.columns.names("fallback")
    front = tables.designs.loc[tables.designs["state"] == "front", shown]
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
