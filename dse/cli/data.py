"""Show what is understood of a folder of labelled pictures, before anything is trained on it.

Layout, pictures and boxes by class, what was left out and why, pictures that stand in two parts;
--sheet draws some with their boxes.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from dse.cli.arguments import add_classes, add_json, positive_int, print_json, seed
from dse.terminal import note, show
from dse.text_table import format_table

if TYPE_CHECKING:
    from dse.data.report import ClassReport, DataReport

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `dse data`."""
    parser.add_argument(
        "data",
        help="a folder, whose layout is found out, or a specification such as voc:DIR, yolo:DIR, "
        "coco:DIR, wider:DIR, synthetic-digits",
    )
    add_classes(parser)
    add_json(parser)
    sheet = parser.add_argument_group("pictures with their boxes")
    sheet.add_argument("--sheet", metavar="FILE", help="draw them: .png or .jpg")
    sheet.add_argument(
        "--sheet-pictures", type=positive_int, default=24, metavar="N", help="default: 24"
    )
    sheet.add_argument("--part", choices=("train", "val", "eval"), default="train")
    sheet.add_argument("--seed", type=seed, default=0, help="of the random choice (default: 0)")


def run(options: argparse.Namespace) -> int:
    """Prints the report, and draws the sheet."""
    from dse.data.report import describe_data
    from dse.data.specification import with_classes

    source = with_classes(options.data, options.classes, options.merge) or options.data
    sheet = Path(options.sheet) if options.sheet else None
    if sheet:
        from dse.data import open_data
        from dse.views.contact_sheet import Sheet, write_labels

        wanted = Sheet(sheet, options.sheet_pictures, seed=options.seed)
    report = describe_data(source)
    if options.json:
        print_json({**report.as_dict(), "sheet": sheet})
    else:
        _show(report)
    if sheet:
        write_labels(open_data(source, options.part), wanted)
        note(f"written: {sheet}")
    return 0


def _show(report: DataReport) -> None:
    show(report.source)
    rows = [
        (split, f"{part.pictures:,}", f"{part.boxes:,}", f"{part.background:,}",
         f"{part.ignored:,}")
        for split, part in report.parts.items()
    ]  # fmt: skip
    header = ("part", "pictures", "boxes", "without", "ignored")
    show(format_table(header, rows, header[:1], ruled=False))
    columns = ("class", *report.parts, "side px", "10 %", "90 %")
    classes = [_class_row(one, report) for one in report.classes]
    show(format_table(columns, classes, columns[:1], ruled=False))
    for line in _remarks(report):
        show(line)


def _class_row(one: ClassReport, report: DataReport) -> tuple[str, ...]:
    tenth, half, most = one.side_pixels or (0, 0, 0)
    counts = (f"{one.boxes[split]:,}" for split in report.parts)
    return (one.name, *counts, f"{half:.0f}", f"{tenth:.0f}", f"{most:.0f}")


def _remarks(report: DataReport) -> list[str]:
    """What the reader says, each once; what it left out; what is missing; what will hurt."""
    where: dict[str, list[str]] = {}
    for split, part in report.parts.items():
        for text in part.notes:
            where.setdefault(text, []).append(split)
    lines = [f"note, {' and '.join(splits)}: {text}" for text, splits in where.items()]
    for split, part in report.parts.items():
        for reason, count in part.left_out.items():
            lines.append(f"left out of {split}: {count:,} x {reason}")
    lines += [f"no {split} part: {why}" for split, why in report.missing.items()]
    return [*lines, *(f"beware: {text}" for text in report.warnings)]
