"""A reproduction as people read it: tables for the terminal, Markdown for the folder."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dse import published
from dse.reproduction.comparison import Comparison, Ranks, Result, Sample
from dse.reproduction.viola_jones import ViolaJones
from dse.text_table import format_table

__all__ = ["Report", "as_markdown", "as_text"]

TITLES = {
    "I": "Table I: where the head leaves the backbone, and what stays frozen (alpha 1.0, FP32)",
    "II": "Table II: number formats of A98 at alpha 1.0",
    "III": "Table III: width of the backbone (FP32)",
    "IV": "Table IV: other detectors on the same pictures",
}
MEGABYTE = 1 << 20
"""The paper's, as its sizes show."""

Grid = tuple[Sequence[str], list[Sequence[str]]]
"""Header and rows."""


@dataclass(frozen=True)
class Report:
    """Everything that one reproduction measured.

    name: of the report. studies: one a seed. input_size: pixels. images, faces: evaluated on.
    comparisons: tables I to III, those asked for. rivals: table IV, None where not asked for.
    """

    name: str
    studies: tuple[str, ...]
    input_size: int
    data: str
    eval_data: str
    images: int
    faces: int
    comparisons: tuple[Comparison, ...]
    rivals: tuple[ViolaJones, ...] | None


def as_text(report: Report) -> str:
    """All tables for the terminal."""
    parts = [_setting(report)]
    for title, (header, rows), remarks in _sections(report):
        grid = format_table(header, rows, left=header[:1], ruled=False)
        parts += ["\n".join([title, grid, *remarks])]
    return "\n\n".join(parts)


def as_markdown(report: Report) -> str:
    """The same as a Markdown document."""
    parts = [f"# {report.name}", _setting(report)]
    for title, (header, rows), remarks in _sections(report):
        lines = ["|".join(["", *cells, ""]) for cells in (header, ["--"] * len(header), *rows)]
        parts += [f"## {title}", "\n".join(lines), "\n".join(f"* {remark}" for remark in remarks)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _sections(report: Report) -> list[tuple[str, Grid, list[str]]]:
    """Title, table and remarks of each table."""
    sections = [(TITLES[one.table], _networks(one), _remarks(one)) for one in report.comparisons]
    if report.rivals is not None:
        remark = "neighbours: overlapping windows that make a detection; OpenCV's default is 3"
        sections.append((TITLES["IV"], _rivals(report), [remark]))
    return sections


def _setting(report: Report) -> str:
    seeds = len(report.studies)
    networks = f"; networks at {report.input_size} pixels, {seeds} seed{'s' * (seeds != 1)}"
    return (
        f"AP at IoU 0.5 on {report.images} pictures with {report.faces} faces"
        f"{networks if seeds else ''}. "
        "The paper trained on WIDER FACE at 500 pixels and measured on all of FDDB in three "
        "scales (0.5, 1, 2); its ranks can be compared, its values hardly."
    )


def _networks(comparison: Comparison) -> Grid:
    squares = any(one.ap_square for one in comparison.results)
    three = any(one.pyramid for one in comparison.results)
    header = [
        "network",
        "published",
        "one scale",
        *(["square boxes"] if squares else []),
        *(["three scales", "square boxes"] if three and squares else ["three scales"] * three),
        "parameters",
        "printed",
        "MB",
        "printed",
    ]
    return header, [_network(one, squares, three) for one in comparison.results]


def _network(one: Result, squares: bool, three: bool) -> list[str]:
    row = one.row
    shown = [one.ap, *([one.ap_square] if squares else [])]
    shown += [one.pyramid, *([one.pyramid_square] if squares else [])] if three else []
    millions, megabytes = row.parameters_millions, row.size_megabytes
    return [
        f"{row.model} alpha {row.width:g} {row.format}",
        "-" if row.ap is None else f"{row.ap:.3f}",
        *map(_sample, shown),
        f"{one.parameters:,}",
        "-" if millions is None else f"{millions:.2f}M",
        f"{one.bytes / MEGABYTE:.2f}",
        "-" if megabytes is None else f"{megabytes:g}",
    ]


def _sample(sample: Sample | None) -> str:
    if sample is None:
        return "-"
    return f"{sample.mean:.3f}" + ("" if sample.spread is None else f" ±{sample.spread:.3f}")


def _remarks(comparison: Comparison) -> list[str]:
    remarks = [_ranks("one scale", comparison.ranks)]
    if comparison.pyramid_ranks:
        remarks.append(_ranks("three scales", comparison.pyramid_ranks))
    if any(one.row.parameters_millions is not None for one in comparison.results):
        remarks.append(
            "the paper prints twice the parameters that Keras counts, and sizes to match"
        )
    return remarks


def _ranks(scales: str, ranks: Ranks) -> str:
    changed = "; ".join(
        f"{r.better} over {r.worse} ({r.published:+.3f} published, {r.measured:+.3f} here)"
        for r in ranks.reversed
    )
    order = f"{len(ranks.reversed)} of {ranks.pairs} pairs change their order"
    correlation = "undefined" if math.isnan(ranks.spearman) else f"{ranks.spearman:.2f}"
    return f"{scales}: Spearman {correlation}; {order}" + (f": {changed}" if changed else "")


def _rivals(report: Report) -> Grid:
    """Viola-Jones as measured, what the paper says, and our best network."""
    rows: list[Sequence[str]] = [
        (
            f"Viola-Jones {one.cascade}, neighbours {one.neighbours}",
            "-",
            f"{one.found.ap:.3f}",
            "-" if one.found.ap_square is None else f"{one.found.ap_square:.3f}",
        )
        for one in report.rivals or ()
    ]
    for cells in published.load("table4_rivals").rows:
        rows.append((str(cells["model"]), f"{cells['ap']:.3f}", "-", "-"))
    best = max(
        (one for table in report.comparisons for one in table.results),
        key=lambda one: one.ap.mean,
        default=None,
    )
    if best:
        name = f"{best.row.model} alpha {best.row.width:g} {best.row.format}, one scale"
        theirs = "-" if best.row.ap is None else f"{best.row.ap:.3f}"
        rows.append((f"best of ours: {name}", theirs, _sample(best.ap), _sample(best.ap_square)))
    return ("detector", "published", "AP here", "square boxes"), rows
