"""Words on the sheet, and places for scores where they cover nothing that matters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from PIL import ImageFont

from dse.views.contact_sheet.marks import Corners

__all__ = ["draw_text", "fitted", "place_text", "text_size"]


def text_size(text: str, pixels: int) -> tuple[int, int]:
    """Width of `text`, and the height of a line, in a font of so many pixels."""
    ascent, descent = _font(pixels).getmetrics()
    return round(_font(pixels).getlength(text)), ascent + descent


def draw_text(draw: Any, place: tuple[int, int], text: str, pixels: int, colour: str) -> None:
    """Writes `text` with a Pillow `ImageDraw`; `place` is its left top corner."""
    draw.text(place, text, fill=colour, font=_font(pixels))


def fitted(text: str, pixels: int, width: int) -> str:
    """`text`, cut with an ellipsis where it is wider than `width` pixels."""
    if text_size(text, pixels)[0] <= width:
        return text
    while text and text_size(text + "…", pixels)[0] > width:
        text = text[:-1]
    return text.rstrip() + "…"


def place_text(
    box: Corners, size: tuple[int, int], area: tuple[int, int], taken: Sequence[Corners]
) -> Corners | None:
    """Where a text of `size` goes beside `box`: on top of it, below, or inside.

    area: width and height of the picture. taken: where nothing may be covered. None where
    there is no room.
    """
    for left, top in _places(box, size, area):
        place = (left, top, left + size[0] - 1, top + size[1] - 1)
        inside = left >= 0 and top >= 0 and place[2] < area[0] and place[3] < area[1]
        if inside and not any(_meet(place, other) for other in taken):
            return place
    return None


def _places(
    box: Corners, size: tuple[int, int], area: tuple[int, int]
) -> Iterator[tuple[int, int]]:
    """Corners to try, the best first; pushed into the picture from the side."""
    left, top, right, bottom = box
    for x in (left, right - size[0] + 1):
        x = max(0, min(x, area[0] - size[0]))
        for y in (top - size[1], bottom + 1, top, bottom - size[1] + 1):
            yield x, y


def _meet(a: Corners, b: Corners) -> bool:
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]


@lru_cache(maxsize=8)
def _font(pixels: int) -> Any:
    """Pillow's own typeface: the same on every machine."""
    return ImageFont.load_default(pixels)
