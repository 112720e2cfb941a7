"""Published figures as reference marks: where others say their detectors lie.

They are told apart from what the study measured: another input, another evaluation, and no
source gives all of AP, latency and size for one and the same file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dse import published
from dse.detection.head import FACE_HEAD
from dse.study.columns import StudyColumns

__all__ = ["Reference", "references"]

_MEBIBYTE = 2**20
_PAPER = "Narduzzi et al., arXiv 2208.11011"


@dataclass(frozen=True)
class Reference:
    """One published detector. What the source does not give is None.

    ap: on FDDB. latency_ms: one picture on a board. file_bytes: the file for the chip, or the
    weights alone where `note` says so. input: as the source words it.
    """

    name: str
    input: str
    ap: float | None
    latency_ms: float | None
    file_bytes: float | None
    note: str
    source: str


def references(
    columns: StudyColumns, classes: Sequence[str] = FACE_HEAD.classes
) -> list[Reference]:
    """The paper's networks by width, what it compares them with, and detectors on the chip.

    classes: what the study finds. Nothing is published here of anything but faces.
    """
    if tuple(classes) != FACE_HEAD.classes:
        return []
    return [*_paper_networks(columns.chip.file), *_paper_rivals(), *_detectors(columns)]


def _paper_networks(file: str) -> list[Reference]:
    table = published.load("table3_width")
    return [
        Reference(
            name=f"Paper: {row['model']} alpha {row['width']}",
            input="500x500, three scales",
            ap=_number(row["ap"]),
            latency_ms=None,
            file_bytes=_bytes(row["size_megabytes"]),
            note=f"size of the float32 weights as printed, not of a {file}",
            source=f"{_PAPER}, table of widths",
        )
        for row in table.rows
    ]


def _paper_rivals() -> list[Reference]:
    table = published.load("table4_rivals")
    return [
        Reference(
            name=str(row["model"]),
            input=str(row["input"]),
            ap=_number(row["ap"]),
            latency_ms=None,
            file_bytes=_bytes(row["size_megabytes"]),
            note="as the paper reports it; not for this chip",
            source=f"{_PAPER}, comparison",
        )
        for row in table.rows
    ]


def _detectors(columns: StudyColumns) -> list[Reference]:
    """What others measured on boards with the chip."""
    if not columns.chip.detectors:
        return []
    return [
        Reference(
            name=str(row["name"]),
            input=str(row["input"]),
            ap=None,
            latency_ms=_number(row["latency_ms"]),
            file_bytes=_number(row[columns.size.name]),
            note="measured by others on a board",
            source=str(row["source"]),
        )
        for row in published.load(columns.chip.detectors).rows
    ]


def _number(value: published.Value) -> float | None:
    return value if isinstance(value, float) else None


def _bytes(megabytes: published.Value) -> float | None:
    return megabytes * _MEBIBYTE if isinstance(megabytes, float) else None
