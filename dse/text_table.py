"""Plain text tables for a terminal or a file."""

from __future__ import annotations

from collections.abc import Collection, Sequence

__all__ = ["bytes_text", "format_table"]


def format_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    left: Collection[str],
    ruled: bool = True,
) -> str:
    """Columns two spaces apart; those named in `left` flush left, the others flush right.

    ruled: a line of dashes divides the names of the columns from the rows.
    """
    widths = [
        max([len(column), *(len(row[place]) for row in rows)])
        for place, column in enumerate(columns)
    ]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, cell, width in zip(columns, cells, widths, strict=True)
        ]
        return "  ".join(padded).rstrip()

    rule = [line(["-" * width for width in widths])] if ruled else []
    return "\n".join([line(columns), *rule, *map(line, rows)])


def bytes_text(count: int) -> str:
    """`count` bytes to three figures: "917 B", "271 KiB", "1.42 MiB"."""
    size, unit = float(count), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if abs(size) < 999.5:  # what rounds to 1000 has four figures
            break
        size, unit = size / 1024, larger
    return f"{size:.3g} {unit}"
