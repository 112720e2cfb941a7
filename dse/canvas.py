"""The picture that a network reads: a square, or as wide and as high as a camera's.

A design names it by its `InputSize`: the side of a square in pixels, as in `256`, or the width and
the height, as in `"320x240"`. So it stands in ids, spaces, journals, tables and JSON, a number or a
text; whoever computes with it asks for the `Canvas`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, total_ordering

from dse.errors import UsageError
from dse.schema import shown

__all__ = ["Canvas", "InputSize"]

InputSize = int | str
"""256, or "320x240": width x height; never "256x256", which is 256."""

_HINT = "give the side of a square, as in 256, or width x height, as in 320x240"
_NAMED = re.compile(r"(\d{1,6})(?:x(\d{1,6}))?", re.ASCII)


@total_ordering
@dataclass(frozen=True)
class Canvas:
    """width, height: pixels. Canvases are in the order of their areas."""

    width: int
    height: int

    @classmethod
    def of(cls, input_size: InputSize) -> Canvas:
        """The canvas that a design's input size names. Raises UsageError for another text, or
        one without pixels."""
        if not isinstance(input_size, int):
            return _parsed(input_size)
        if input_size < 1:
            raise UsageError(f"'{input_size}' is no input size", _HINT)
        return cls(input_size, input_size)

    @classmethod
    def checked(cls, value: object) -> Canvas:
        """The canvas that `value`, out of a file, names as `input_size` writes it.

        Raises UsageError for anything else.
        """
        if type(value) is int and value > 0:
            return cls(value, value)
        canvas = _parsed(value if isinstance(value, str) else "")
        if canvas.input_size != value:  # "256", which ids and files write as a number
            raise UsageError(f"'{shown(str(value))}' is no input size", _HINT)
        return canvas

    @classmethod
    def of_planes(cls, shape: Sequence[int]) -> Canvas:
        """That of a picture in planes, (1, channels, height, width)."""
        _, _, height, width = shape
        return cls(width, height)

    @property
    def input_size(self) -> InputSize:
        """Its name, from which `of` makes it again."""
        return self.width if self.width == self.height else f"{self.width}x{self.height}"

    @property
    def longer(self) -> int:
        """The longer side, pixels."""
        return max(self.width, self.height)

    @property
    def area(self) -> int:
        """Pixels."""
        return self.width * self.height

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of its pixels."""
        return self.height, self.width, 3

    def __lt__(self, other: Canvas) -> bool:
        return (self.area, self.width) < (other.area, other.width)

    def __str__(self) -> str:
        return str(self.input_size)


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Canvas:
    match = _NAMED.fullmatch(text)
    canvas = Canvas(int(match[1]), int(match[2] or match[1])) if match else None
    if canvas is None or not canvas.area:
        raise UsageError(f"'{shown(text)}' is no input size", _HINT)
    return canvas
