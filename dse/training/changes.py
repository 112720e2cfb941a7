"""What may be changed about a picture without making another thing of what it shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["USUAL", "Changes", "changes_for"]

_SIDED = re.compile(
    r"(left|right|clockwise|arrow|turn|digit|number|numeral|letter|char|sign|plate|text)", re.I
)
"""Parts of names of things that have a mirror image which is something else."""

_WRITTEN = re.compile(r"[A-Za-z]|\d{1,4}|zero|one|two|three|four|five|six|seven|eight|nine", re.I)
"""Names of single letters and numbers."""

_COLOUR = re.compile(
    r"(?<![a-z])(red|green|blue|yellow|orange|white|black|brown|purple|pink|gr[ae]y|cyan|violet)"
    r"(?![a-z])",
    re.I,
)


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
    if mirror is None:
        mirror = not any(_SIDED.search(name) or _WRITTEN.fullmatch(name) for name in classes)
    coloured = len(classes) > 1 and any(_COLOUR.search(name.replace("_", " ")) for name in classes)
    return Changes(mirror, not coloured)
