"""The head of a sheet: what is shown, how good it is, and what the lines mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dse.views.contact_sheet.lettering import draw_text, fitted, text_size
from dse.views.contact_sheet.marks import Mark, draw_box

__all__ = ["draw_heading", "heading_height"]

INK, MUTED, SWATCH = "#1c2330", "#5b6472", "#8b939e"
TITLE, TEXT = 26, 16
"""Pixels, of letters."""

SWATCH_WIDTH, LINE_GAP, ITEM_GAP = 34, 8, 26


def heading_height() -> int:
    """Pixels from the top of the title to the bottom of the legend."""
    return text_size("", TITLE)[1] + 2 * (text_size("", TEXT)[1] + LINE_GAP)


def draw_heading(
    draw: Any,
    place: tuple[int, int],
    width: int,
    lines: tuple[str, str],
    legend: Sequence[tuple[Mark, str]],
) -> None:
    """Title, caption and legend below each other from `place` (left, top) on.

    lines: title and caption, cut where they are wider than `width` pixels.
    """
    left, top = place
    for text, pixels, colour in ((lines[0], TITLE, INK), (lines[1], TEXT, MUTED)):
        draw_text(draw, (left, top), fitted(text, pixels, width), pixels, colour)
        top += text_size("", pixels)[1] + LINE_GAP
    height = text_size("", TEXT)[1]
    for mark, text in legend:
        right, bottom = left + SWATCH_WIDTH - 1, top + height - 1
        draw.rectangle((left, top, right, bottom), fill=SWATCH)
        draw_box(draw, (left + 1, top + 1, right - 1, bottom - 1), mark)
        draw_text(draw, (right + 8, top), text, TEXT, INK)
        left = right + 8 + text_size(text, TEXT)[0] + ITEM_GAP
