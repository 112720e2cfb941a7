"""Figures as files: what a suffix means, and what happens without a browser."""

from __future__ import annotations

import shutil
from pathlib import Path

import plotly.graph_objects as go
import pytest
from PIL import Image

from dse.errors import DseError, UsageError
from dse.views.dashboard.figure_files import BROWSERS, write_figure

FIGURE = go.Figure(go.Scatter(y=[1, 3, 2]), layout={"width": 300, "height": 200, "title": "two"})


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> None:
    if not any(shutil.which(name) for name in BROWSERS):
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    monkeypatch.delenv("DSE_BROWSER", raising=False)


def test_html_needs_no_network(tmp_path: Path) -> None:
    text = write_figure(FIGURE, tmp_path / "figure.html").read_text(encoding="utf-8")
    assert "two" in text
    assert "<script src=" not in text


@pytest.mark.usefixtures("browser")
def test_png_has_twice_the_pixels(tmp_path: Path) -> None:
    with Image.open(write_figure(FIGURE, tmp_path / "figure.png")) as picture:
        assert picture.size == (600, 400)
        assert len(picture.convert("RGB").getcolors(1 << 20) or []) > 10
    assert [path.name for path in tmp_path.iterdir()] == ["figure.png"]


@pytest.mark.usefixtures("browser")
def test_svg_holds_the_words(tmp_path: Path) -> None:
    text = write_figure(FIGURE, tmp_path / "figure.svg").read_text(encoding="utf-8")
    assert text.startswith("<svg")
    assert ">two<" in text


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"figure\.pdf") as caught:
        write_figure(FIGURE, tmp_path / "figure.pdf")
    assert "choose" in caught.value.hint


def test_without_a_browser_the_way_out_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DseError, match="Chromium") as caught:
        write_figure(FIGURE, tmp_path / "figure.png")
    assert ".html" in caught.value.hint
    assert not list(tmp_path.iterdir())


def test_a_program_that_is_no_browser_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DSE_BROWSER", "true")
    with pytest.raises(DseError, match="drew no picture"):
        write_figure(FIGURE, tmp_path / "figure.png")
