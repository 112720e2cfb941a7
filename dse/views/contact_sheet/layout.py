"""Where each picture goes: rows of equal height that fill the width, as in a photo gallery."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Tile", "arrange"]

TALLEST = 1.5
"""Rows may be that much taller than asked for; a row that would be taller stays narrow."""


class Tile(NamedTuple):
    """A picture's place on the sheet, pixels; right and bottom are the first beyond it."""

    left: int
    top: int
    right: int
    bottom: int


def arrange(ratios: Sequence[float], width: int, row_height: int, gap: int) -> list[Tile]:
    """A tile for each picture, in order, from (0, 0) on; row by row from the left.

    ratios: width / height of the pictures, above 0. gap: pixels between tiles. Rows are broken
    where their heights come nearest to `row_height`: the sum of squared logarithms of the
    ratios of heights is smallest (dynamic programming over the last row's first picture).
    """
    tiles: list[Tile] = []
    top = 0
    for row in _rows(ratios, width, row_height, gap):
        shares = [ratios[index] for index in row]
        height = _height(shares, width, row_height, gap)
        bottom = top + max(1, round(height))
        passed = 0.0  # widths are not rounded one by one: a full row ends at the border
        for number, share in enumerate(shares):
            left = round(passed * height) + number * gap
            passed += share
            right = max(left + 1, round(passed * height) + number * gap)
            tiles.append(Tile(left, top, right, bottom))
        top = bottom + gap
    return tiles


def _height(shares: Sequence[float], width: int, row_height: int, gap: int) -> float:
    """Of a row that fills the width, or the tallest one allowed."""
    free = max(width - gap * (len(shares) - 1), len(shares))
    return min(free / sum(shares), TALLEST * row_height)


def _rows(ratios: Sequence[float], width: int, row_height: int, gap: int) -> list[range]:
    """The best way to break the pictures into rows."""
    count = len(ratios)
    cost = [0.0] + [math.inf] * count
    start = [0] * (count + 1)
    for end in range(1, count + 1):
        for first in range(end):
            height = _height(ratios[first:end], width, row_height, gap)
            total = cost[first] + math.log(height / row_height) ** 2
            if total < cost[end]:
                cost[end], start[end] = total, first
    rows = []
    while count:
        rows.append(range(start[count], count))
        count = start[count]
    return rows[::-1]
