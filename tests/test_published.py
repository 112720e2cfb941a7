"""The published tables: every figure the paper prints, with its source."""

from __future__ import annotations

from pathlib import Path

import pytest

from dse import published, resources
from dse.errors import InvalidFile, UnknownName


def test_all_tables_are_there_and_name_their_source() -> None:
    assert published.tables() == [
        "k210_detectors",
        "table1_breakpoints",
        "table2_formats",
        "table3_width",
        "table4_rivals",
    ]
    for name in published.tables():
        table = published.load(name)
        assert table.rows, name
        assert table.source, name
    assert "2208.11011" in published.load("table1_breakpoints").source


def test_the_papers_best_design() -> None:
    ap = {row["model"]: row["ap"] for row in published.load("table1_breakpoints").rows}
    assert ap["A98"] == 0.8915 == max(ap.values())  # type: ignore[type-var]


def test_layer_counts_add_up_to_the_breakpoint() -> None:
    """A leaves the backbone at layer 119, B and C at 154, plus the head's two."""
    for row in published.load("table1_breakpoints").rows:
        total = {"A": 121.0, "B": 156.0, "C": 156.0}[str(row["model"])[0]]
        assert float(row["fixed_layers"]) + float(row["trained_layers"]) == total  # type: ignore[arg-type]


def test_published_size_is_four_bytes_a_parameter() -> None:
    for row in published.load("table3_width").rows:
        expected = float(row["parameters_millions"]) * 4e6 / 2**20  # type: ignore[arg-type]
        assert row["size_megabytes"] == pytest.approx(expected, rel=0.02)


def test_cells_that_the_source_leaves_open_are_none() -> None:
    rows = {row["name"]: row for row in published.load("k210_detectors").rows}
    assert rows["A98 alpha 0.5 on a MAIX Dock"]["kmodel_bytes"] is None
    assert rows["Sipeed face (tiny YOLOv2)"]["latency_ms"] == 12.7


def test_an_unknown_table_gets_a_suggestion() -> None:
    with pytest.raises(UnknownName, match="table3_width"):
        published.load("table3_widths")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("name,ap\na,1\n", "no source"),
        ("", "no source"),
        ("# source: me\nname,ap\na,1\nb\n", ":4: 1 cells under 2 columns"),
    ],
)
def test_a_broken_file_is_refused_with_its_reason(
    text: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.csv").write_text(text, encoding="utf-8")
    monkeypatch.setattr(resources, "folder", lambda name: tmp_path)
    with pytest.raises(InvalidFile, match=why):
        published.load("broken")
