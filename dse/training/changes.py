"""What may be changed about a picture without making another thing of what it shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["USUAL", "Changes", "changes_for"]

_SIDED = frozenset((
    "left", "right", "clockwise", "anticlockwise", "arrow", "arrows", "turn", "digit", "digits",
    "number", "numbers", "numeral", "letter", "letters", "character", "characters", "char", "sign",
    "signs", "plate", "text", "word", "barcode", "qr", "zero", "one", "two", "three", "four",
    "five", "six", "seven", "eight", "nine",
))  # fmt: skip
"""Words for things that have a mirror image which is something else."""

_COLOURS = frozenset((
    "red", "green", "blue", "yellow", "orange", "white", "black", "brown", "purple", "pink",
    "grey", "gray", "cyan", "magenta", "violet", "gold", "silver",
))  # fmt: skip

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


@dataclass(frozen=True)
class Changes:
    """mirror: views may be mirrored. grey: some may lose their colours."""

    mirror: bool = True
    grey: bool = True

    @property
    def words(self) -> str:
        """What is left out, and why, for people; empty for nothing."""
        unmirrored = "" if self.mirror else "not mirrored: a class's mirror image is none of it"
        coloured = "" if self.grey else "never grey: a class is told by its colour"
        return "; ".join(filter(None, (unmirrored, coloured)))

    @property
    def key(self) -> str:
        """For the names of caches; empty for the usual ones."""
        return ("" if self.mirror else "-sided") + ("" if self.grey else "-coloured")


USUAL = Changes()


def changes_for(classes: Sequence[str], mirror: bool | None = None) -> Changes:
    """What is safe for classes of these names.

    Digits, letters, arrows and signs are not mirrored; where two classes differ in a colour, or
    are named by one, none is made grey. mirror: what somebody has decided.
    """
    named = [[word.lower() for word in _WORD.findall(name)] for name in classes]
    if mirror is None:
        mirror = not any(_SIDED.intersection(words) or _is_written(words) for words in named)
    coloured = len(classes) > 1 and any(_COLOURS.intersection(words) for words in named)
    return Changes(mirror, not coloured)


def _is_written(words: Sequence[str]) -> bool:
    """Whether a class is a letter or a number."""
    return len(words) == 1 and (len(words[0]) == 1 or words[0].isdecimal())
