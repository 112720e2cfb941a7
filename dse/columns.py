"""What a column of a table of designs is, and what a chip adds to such tables.

Files, `--json`, terminals, figures and the page all ask a `Column` for its name, its heading and
how its values are written; the columns that all designs have stand in `dse.chips.columns` and
`dse.study.columns`, those of a chip in the chip's folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any, Literal

__all__ = ["FIGURES", "ChipColumns", "Column", "Limit", "Unit"]

Unit = Literal["", "ap", "bytes", "count", "mj", "ms", "seconds"]
"""How values are written: bytes become KiB or MiB, milliseconds lose digits, and so on."""

FIGURES = "figures"
"""Where a row holds what its chip alone knows of: by the column's name."""


@dataclass(frozen=True)
class Column:
    """One column, described once.

    name: stable, in files and JSON; ends in its unit. title: its heading. kind: of its values,
    which may be unknown in a row; `Canvas` of input sizes, which name one. unit: how they are
    written. label: what it is called beside an axis; short: above a column of a terminal; both
    as the title where nothing is said. source: the attribute of a row that holds it, dotted, or
    FIGURES; as the name where nothing is said.
    """

    name: str
    title: str
    kind: type = str
    unit: Unit = ""
    label: str = ""
    short: str = ""
    source: str = ""

    @cached_property
    def of(self) -> Callable[[Any], Any]:
        """Its value in a row."""
        if self.source == FIGURES:
            return self._figure
        return attrgetter(self.source or self.name)

    def _figure(self, row: Any) -> Any:
        return row.figures[self.name]

    @property
    def is_number(self) -> bool:
        """It holds counts or measures, not one of a few words."""
        return self.kind in (int, float)

    @property
    def axis_title(self) -> str:
        """What it is called where it stands alone."""
        return self.label or self.title

    @property
    def heading(self) -> str:
        """What stands above it on a terminal."""
        return self.short or self.title


@dataclass(frozen=True)
class Limit:
    """What a target allows of one column: `value` in the column's unit, and who says so."""

    column: str
    value: float
    label: str


@dataclass(frozen=True)
class ChipColumns:
    """What a chip adds to the tables of designs: its columns, and its words.

    costs: its own figures, known before any training. size: the name of the one that is the size
    of the chip's file, which every search keeps small. file_ap: AP of that file as it runs.
    file: what such a file is called. accelerator: what computes. format: the number format that
    it computes in. limits: what a target allows, given its constants as study.toml holds them.
    detectors: the table of `dse.published` with detectors that others measured on it, or "".
    """

    costs: tuple[Column, ...]
    size: str
    file_ap: Column
    file: str
    accelerator: str
    format: str
    limits: Callable[[Mapping[str, Any]], tuple[Limit, ...]] = lambda target: ()
    detectors: str = ""
