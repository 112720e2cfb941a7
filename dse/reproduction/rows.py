"""The rows of the paper's tables I to III, as designs that can be trained.

Narduzzi et al., arXiv 2208.11011. Table I varies breakpoint and lambda at alpha 1.0, table II
the number format of A98, table III the width; all at 500x500 pixels in three scales.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dse import published
from dse.chips.registry import DEFAULT_CHIP, chip
from dse.errors import UnknownName
from dse.space import Candidate, Training

__all__ = ["CHIP_FORMAT", "TABLES", "TRAINED_TABLES", "PaperRow", "table_rows", "trainings_of"]

TABLES = ("I", "II", "III", "IV")
TRAINED_TABLES = {"I": "table1_breakpoints", "II": "table2_formats", "III": "table3_width"}
"""Tables whose rows are networks, and where their published values lie."""

CHIP_FORMAT = chip(DEFAULT_CHIP).format
"""Added to table II: the paper puts A98 on the chip, but never measures what the chip computes."""


@dataclass(frozen=True)
class PaperRow:
    """One network of a table.

    model: breakpoint and lambda, such as "A98". ap: as published, None where the paper has no
    such row. parameters_millions, size_megabytes: as printed, None where they are not.
    """

    model: str
    width: float
    format: str
    ap: float | None
    parameters_millions: float | None = None
    size_megabytes: float | None = None

    def candidate(self, input_size: int) -> Candidate:
        """The design of this row for pictures of `input_size` pixels.

        Raises UsageError where there is none, such as breakpoint C on maps that do not match.
        """
        return Candidate.parse(f"{self.model}-a{self.width:g}-{input_size}-{self.format}")


def table_rows(table: str) -> list[PaperRow]:
    """The rows of table "I", "II" or "III", in the paper's order. Raises UnknownName."""
    if table not in TRAINED_TABLES:
        raise UnknownName("table of networks", table, TRAINED_TABLES)
    rows = [_row(cells) for cells in published.load(TRAINED_TABLES[table]).rows]
    if table == "II":
        rows.append(PaperRow(rows[0].model, rows[0].width, CHIP_FORMAT, None))
    return rows


def trainings_of(tables: Iterable[str], input_size: int) -> list[Training]:
    """What has to be trained for `tables`, each training once; those without networks pass."""
    rows = [row for table in tables if table in TRAINED_TABLES for row in table_rows(table)]
    return list(dict.fromkeys(row.candidate(input_size).training for row in rows))


def _row(cells: Mapping[str, published.Value]) -> PaperRow:
    return PaperRow(
        model=str(cells["model"]),
        width=_number(cells.get("width")) or 1.0,  # table I is all at alpha 1.0
        format=str(cells.get("format", "FP32")),
        ap=_number(cells["ap"]),
        parameters_millions=_number(cells.get("parameters_millions")),
        size_megabytes=_number(cells.get("size_megabytes")),
    )


def _number(cell: published.Value) -> float | None:
    return cell if isinstance(cell, float) else None
