"""A figure as a file of its own: HTML that needs no network, or a picture.

plotly.js draws the pictures too, in a Chromium that is on this machine already: nothing is
installed for it and nothing is fetched.
"""

from __future__ import annotations

import base64
import html
import json
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote_to_bytes

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from dse import processes
from dse.errors import DseError, UsageError
from dse.files import make_folder, temporary_folder, utf8, write_whole

__all__ = ["BROWSERS", "browser_program", "pictures", "write_figure"]

BROWSERS = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge",
    "microsoft-edge",
)  # fmt: skip
"""Programs that understand Chromium's command line; $DSE_BROWSER names another."""

SUFFIXES = (".html", ".png", ".svg")
PIXEL_RATIO = 2
TIME_LIMIT_S = 60

_DRAWN = re.compile(r'<img class="drawn" src="data:image/[^,"]*?(;base64)?,([^"]*)"')

_DRAW = """
(async () => {
  const box = document.getElementById("figure"), images = [];
  for (const [kind, { data, layout }] of FIGURES) {
    await Plotly.newPlot(box, data, layout);
    const image = document.createElement("img");
    image.className = "drawn";
    image.src = await Plotly.toImage(box, { format: kind, scale: RATIO });
    images.push(image);
    Plotly.purge(box);
  }
  document.body.replaceChildren(...images);
})();
"""


def write_figure(figure: go.Figure, path: Path) -> Path:
    """Writes `figure` as its suffix says: .html, .png (twice the pixels) or .svg.

    The file appears whole or not at all. Raises UsageError for another suffix, DseError where
    a picture is asked for and no browser is found, or it draws none.
    """
    if path.suffix not in SUFFIXES:
        raise UsageError(f"'{path}' is none of {', '.join(SUFFIXES)}", "choose one of these")
    if path.suffix == ".html":
        content = utf8(figure.to_html(include_plotlyjs=True, config={"displaylogo": False}))
    else:
        content = pictures([(figure, path.suffix[1:])])[0]
    make_folder(path.parent)
    write_whole(path, content)
    return path


def pictures(figures: Sequence[tuple[go.Figure, str]]) -> list[bytes]:
    """What plotly.js draws of each (figure, "png" or "svg"), in one browser.

    Raises DseError where no browser is found, or it does not draw all of them.
    """
    listed = ",".join(f"[{json.dumps(kind)},{figure.to_json()}]" for figure, kind in figures)
    draw = _DRAW.replace("RATIO", str(PIXEL_RATIO)).replace("FIGURES", f"[{listed}]")
    draw = draw.replace("</", "<\\/")  # nothing in a figure may end its script
    page = (
        f"<!doctype html><script>{get_plotlyjs()}</script>"
        f"<body><div id='figure'></div><script>{draw}</script>"
    )
    found = _DRAWN.findall(_finished(page))
    if len(found) != len(figures):
        raise DseError("the browser drew no picture", "write an .html file instead")
    return [
        base64.b64decode(html.unescape(text)) if packed else unquote_to_bytes(html.unescape(text))
        for packed, text in found
    ]


def _finished(page: str) -> str:
    """The document that a browser makes of `page` once its scripts have run."""
    program = browser_program()
    with temporary_folder("dse-figure-") as folder:
        source = folder / "figure.html"
        write_whole(source, page, durable=False)  # read at once
        command = [
            program,
            "--headless",
            "--disable-gpu",
            f"--user-data-dir={folder}/profile",
            "--virtual-time-budget=20000",
            *(["--no-sandbox"] if os.geteuid() == 0 else []),  # root has none
            "--dump-dom",
            source.as_uri(),
        ]
        done = processes.run(command, TIME_LIMIT_S, errors=False)
    if done.code is None:
        raise DseError(
            f"{program} draws no picture: stopped after {TIME_LIMIT_S} s",
            "write an .html file instead",
        )
    return done.output


def browser_program() -> str:
    """The Chromium or Chrome of this machine. Raises DseError where there is none."""
    names = (os.environ.get("DSE_BROWSER", ""), *BROWSERS)
    program = next(filter(None, (shutil.which(name) for name in names if name)), None)
    if program is None:
        raise DseError(
            "drawing a picture takes Chromium or Chrome, and none is found",
            "install one (apt-get install chromium), name it in DSE_BROWSER, or write .html",
        )
    return program
