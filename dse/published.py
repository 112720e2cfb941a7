"""What others published: the paper's tables and detectors on K210 boards, as read from CSV.

None of it was measured here. Each file says its source in `#` lines above the header.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dse import resources
from dse.errors import InvalidFile, UnknownName

__all__ = ["Published", "Value", "load", "tables"]

_FOLDER = "results/paper"

Value = str | float | None
"""A cell: a number where it reads as one, None where it is empty."""


@dataclass(frozen=True)
class Published:
    """One published table.

    name: the file's name without its ending.
    source: who published it.
    notes: the file's other remarks, one per line.
    rows: column -> value; the units are in the columns' names.
    """

    name: str
    source: str
    notes: tuple[str, ...]
    rows: tuple[Mapping[str, Value], ...]


def tables() -> list[str]:
    """Names of the published tables, sorted."""
    return sorted(path.stem for path in resources.folder(_FOLDER).glob("*.csv"))


def load(name: str) -> Published:
    """The published table `name`, such as "table3_width" or "k210_detectors".

    Raises UnknownName, or InvalidFile with the line and the reason.
    """
    if name not in tables():
        raise UnknownName("published table", name, tables())
    return _read(resources.folder(_FOLDER) / f"{name}.csv")


def _read(path: Path) -> Published:
    lines = path.read_text(encoding="utf-8").splitlines()
    notes = [line.lstrip("# ") for line in lines if line.startswith("#")]
    source, *others = notes or [""]
    if not source.startswith("source: "):
        raise InvalidFile(path, "no source", 1, "begin the file with a line '# source: ...'")
    table = csv.reader(line for line in lines if not line.startswith("#"))
    header = next(table, [])
    rows = []
    for cells in table:
        if len(cells) != len(header):
            line = len(notes) + table.line_num
            raise InvalidFile(path, f"{len(cells)} cells under {len(header)} columns", line)
        rows.append({column: _value(cell) for column, cell in zip(header, cells, strict=True)})
    return Published(path.stem, source.removeprefix("source: "), tuple(others), tuple(rows))


def _value(cell: str) -> Value:
    try:
        return float(cell)
    except ValueError:
        return cell or None
