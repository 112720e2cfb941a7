"""The notebook in docs/ runs from its first cell to its last, and its outputs are its own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "docs" / "notebook.ipynb"
MADE = ROOT / "results" / "notebook"
"""What the notebook writes; not in the repository."""


@pytest.mark.slow
@pytest.mark.compiler
def test_every_cell_runs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    shown = [_result(cell) for cell in notebook.cells]
    shutil.rmtree(MADE, ignore_errors=True)
    try:
        run = {"metadata": {"path": str(NOTEBOOK.parent)}}
        NotebookClient(notebook, timeout=600, resources=run).execute()  # raises where a cell does
    finally:
        shutil.rmtree(MADE, ignore_errors=True)
    found = [_result(cell) for cell in notebook.cells]
    assert [text is None for text in found] == [text is None for text in shown]
    assert sum(text is not None for text in found) >= 7
    exact = [n for n, cell in enumerate(notebook.cells) if "dse.check(" in cell.source]
    assert [found[n] for n in exact] == [shown[n] for n in exact]


def test_what_is_shown_names_no_place_of_whoever_ran_it() -> None:
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert "/home/" not in text and "/root/" not in text and str(ROOT) not in text


def _result(cell: Any) -> str | None:
    """What a cell shows as text, a figure's included."""
    for output in cell.get("outputs", ()):
        if output.output_type in ("execute_result", "display_data"):
            return str(output.data.get("text/plain", "a figure"))
    return None
