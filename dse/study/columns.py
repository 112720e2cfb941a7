"""The table of a study: its columns, and in which of them each reader is interested.

What a design costs is told by `dse.chips.columns` and by its chip; this adds what the design is
and what became of it, and says once where each column is shown, in which order.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Literal

from dse.canvas import Canvas
from dse.chips.columns import COUNTS, TIMES, VERDICT
from dse.chips.registry import DEFAULT_CHIP, chip
from dse.columns import ChipColumns, Column
from dse.space import AXES as SPACE_AXES

__all__ = ["AXES", "NAMES", "Place", "StudyColumns", "study_columns"]

NAMES = (
    Column("candidate", "Design", source="id"),
    Column("training", "Training", source="training.id"),
)
"""They follow from the axes."""

_TITLES: dict[str, tuple[str, type, str]] = {
    "breakpoint": ("Breakpoint", str, "breakpoint"),
    "frozen_until": ("Frozen until", int, "lambda"),
    "width": ("Width", float, "alpha"),
    "input_size": ("Input", Canvas, "input size"),
    "head": ("Head", str, "head"),
    "format": ("Format", str, "format"),
}
AXES = tuple(
    Column(axis, title, kind, label=label,
           source=axis if axis == "format" else f"training.{axis}")
    for axis, (title, kind, label) in ((axis, _TITLES[axis]) for axis in SPACE_AXES)
)  # fmt: skip
"""What varies, in the order of the space."""

OUTCOME = (
    Column("state", "State"),
    Column("ap", "AP", float, "ap"),
    Column("ap_low", "AP, at least", float, "ap"),
    Column("ap_high", "AP, at most", float, "ap"),
    Column("ap_square", "AP, square boxes", float, "ap"),
    Column("val_ap", "Validation AP", float, "ap"),
    Column("trial", "Trial", int, "count"),
    Column("seconds", "Training time", float, "seconds"),
    Column("epochs", "Epochs", int, "count"),
)
"""What became of a candidate, as far as it was measured."""

WEAKEST = (
    Column("weakest_class", "Weakest class"),
    Column("weakest_ap", "Its AP", float, "ap"),
)
"""Of the classes that a design finds; shown where there are several."""

SHOWN_AP = Column("shown_ap", "AP", float, "ap")
"""The AP that a design is drawn at; the page derives it."""

Place = Literal[
    "candidates", "front", "frame", "space", "axes", "objectives", "sliders", "parallel", "table",
    "fallback",
]  # fmt: skip
"""Who shows some of the columns: candidates.csv; the front of `search --json`; a study as a
DataFrame, and its space; of the page the horizontal axes, the objectives that a parameter may
matter for, the limits, the parallel axes, the table, and the front without JavaScript."""

_CHIP, _SIZE, _FILE_AP = "<costs of the chip>", "<size of its file>", "<AP of its file>"
_WEAKEST = "<weakest class>"
_AXIS_NAMES = tuple(axis.name for axis in AXES)
_LATENCY = ("latency_ms", "latency_ms_low", "latency_ms_high")

_SHOWN: dict[Place, tuple[str, ...]] = {
    "candidates": (
        "candidate", "training", *_AXIS_NAMES, *(column.name for column in COUNTS), _CHIP,
        *(column.name for column in (*TIMES, *VERDICT)),
    ),
    "front": (
        "candidate", "ap", "ap_low", "ap_high", _FILE_AP, *_LATENCY, _CHIP, "deployable", _WEAKEST,
    ),
    "frame": (
        "candidate", "training", *_AXIS_NAMES, "state", "ap", "ap_low", "ap_high", "ap_square",
        "val_ap", _FILE_AP, *_LATENCY, _CHIP, "energy_mj", "parameters", "macs", "deployable",
        "reason", "layer", "message", "trial", "seconds", "epochs", _WEAKEST,
    ),
    "space": ("training", *_AXIS_NAMES, "latency_ms", _CHIP, "status", "deployable"),
    "axes": ("latency_ms", _CHIP, "energy_mj"),
    "objectives": ("ap", "latency_ms", _CHIP),
    "sliders": ("shown_ap", "latency_ms", _CHIP, "energy_mj"),
    "parallel": (*_AXIS_NAMES, "latency_ms", _CHIP, "energy_mj", "shown_ap"),
    "table": (
        "candidate", "state", "shown_ap", _FILE_AP, _WEAKEST, "latency_ms", _CHIP, "energy_mj",
        "parameters",
    ),
    "fallback": ("candidate", "ap", _FILE_AP, *_LATENCY, _SIZE),
}  # fmt: skip


class StudyColumns:
    """The columns of a study on one chip: `columns["latency_ms"]`, `columns.at("front")`.

    several: its designs have several classes. AP is then their mean, and called mAP.
    """

    def __init__(self, chip: ChipColumns, several: bool = False) -> None:
        self.chip = replace(chip, file_ap=_mean(chip.file_ap)) if several else chip
        self.several = several
        outcome = [_mean(one) if several else one for one in (*OUTCOME, SHOWN_AP)]
        common = (*NAMES, *AXES, *COUNTS, *TIMES, *VERDICT, *outcome, *WEAKEST)
        self._by_name = {one.name: one for one in (*common, *chip.costs, self.chip.file_ap)}
        marks = {
            _CHIP: chip.costs,
            _SIZE: (self._by_name[chip.size],),
            _FILE_AP: (self.chip.file_ap,),
            _WEAKEST: WEAKEST if several else (),
        }

        def columns_of(name: str) -> tuple[Column, ...]:
            return marks[name] if name in marks else (self._by_name[name],)

        self._at = {
            place: tuple(column for name in names for column in columns_of(name))
            for place, names in _SHOWN.items()
        }

    def __getitem__(self, name: str) -> Column:
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def at(self, place: Place) -> tuple[Column, ...]:
        """The columns that `place` shows, in its order."""
        return self._at[place]

    def names(self, place: Place) -> list[str]:
        """Their names."""
        return [column.name for column in self._at[place]]

    @property
    def size(self) -> Column:
        """The size of the chip's file."""
        return self._by_name[self.chip.size]

    @property
    def ap_words(self) -> str:
        """What AP is called beside an axis."""
        return "Mean average precision (mAP)" if self.several else "Average precision (AP)"

    @property
    def file_ap(self) -> Column:
        """AP of the chip's file as it runs."""
        return self.chip.file_ap


def _mean(column: Column) -> Column:
    """`column` where its AP is the mean of several classes."""
    is_ap = column.unit == "ap"
    return replace(column, title=column.title.replace("AP", "mAP")) if is_ap else column


@cache
def study_columns(name: str = DEFAULT_CHIP, several: bool = False) -> StudyColumns:
    """The columns of studies on the chip of that name, with one class or several. Raises
    UnknownName."""
    return StudyColumns(chip(name).columns, several)
