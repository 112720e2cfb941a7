"""A figure as a file of its own: HTML that needs no network, or a picture.

plotly.js draws the pictures too, in a Chromium that is on this machine already: nothing is
installed for it and nothing is fetched.
"""

from __future__ import annotations

import base64
import html
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import unquote_to_bytes

import plotly.graph_objects as go

from dse.errors import DseError, UsageError

__all__ = ["BROWSERS", "write_figure"]

BROWSERS = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge",
    "microsoft-edge",
)  # fmt: skip
"""Programs that understand Chromium's command line; $DSE_BROWSER names another."""

SUFFIXES = (".html", ".png", ".svg")
PIXEL_RATIO = 2
TIME_LIMIT_S = 60

_DRAWN = re.compile(r'<img id="drawn" src="data:image/[^,"]*?(;base64)?,([^"]*)"')


def write_figure(figure: go.Figure, path: Path) -> Path:
    """Writes `figure` as its suffix says: .html, .png (twice the pixels) or .svg.

    The file appears whole or not at all. Raises UsageError for another suffix, DseError where
    a picture is asked for and no browser is found, or it draws none.
    """
    if path.suffix not in SUFFIXES:
        raise UsageError(f"'{path}' is none of {', '.join(SUFFIXES)}", "choose one of these")
    if path.suffix == ".html":
        content = figure.to_html(include_plotlyjs=True, config={"displaylogo": False}).encode()
    else:
        content = _picture(figure, path.suffix[1:])
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(content)
    unfinished.replace(path)
    return path


def _picture(figure: go.Figure, kind: str) -> bytes:
    """What plotly.js draws: the browser ends with the picture in its page."""
    draw = (
        f"Plotly.toImage('figure', {{format: '{kind}', scale: {PIXEL_RATIO}}}).then(drawn => {{"
        "const image = document.createElement('img'); image.id = 'drawn'; image.src = drawn;"
        "document.body.replaceChildren(image); })"
    )
    page = figure.to_html(include_plotlyjs=True, div_id="figure", post_script=draw)
    found = _DRAWN.search(_finished(page))
    if not found:
        raise DseError("the browser drew no picture", "write an .html file instead")
    content = html.unescape(found[2])
    return base64.b64decode(content) if found[1] else unquote_to_bytes(content)


def _finished(page: str) -> str:
    """The document that a browser makes of `page` once its scripts have run."""
    program = browser_program()
    with tempfile.TemporaryDirectory(prefix="dse-figure-", ignore_cleanup_errors=True) as folder:
        source = Path(folder) / "figure.html"
        source.write_text(page, encoding="utf-8")
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
        try:
            done = subprocess.run(command, capture_output=True, timeout=TIME_LIMIT_S, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DseError(
                f"{program} draws no picture: {error}", "write an .html file instead"
            ) from None
        return done.stdout.decode("utf-8", "replace")


def browser_program() -> str:
    names = (os.environ.get("DSE_BROWSER", ""), *BROWSERS)
    program = next(filter(None, (shutil.which(name) for name in names if name)), None)
    if program is None:
        raise DseError(
            "drawing a picture takes Chromium or Chrome, and none is found",
            "install one (apt-get install chromium), name it in DSE_BROWSER, or write .html",
        )
    return program
