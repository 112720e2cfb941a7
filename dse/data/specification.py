"""Data specifications: `KIND:DIR`, a folder alone, `synthetic:COUNT`, and the classes wanted.

`voc:DIR?classes=apple,orange` is one text, so that it is kept wherever a source of pictures is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dse.data.layouts import LAYOUTS, layout_of
from dse.data.selection import Selection
from dse.errors import UnknownName, UsageError

__all__ = ["DRAWN", "DataSpec", "absolute_source", "are_drawn_scenes", "with_classes"]

DRAWN = ("synthetic", "synthetic-digits")
"""Kinds that the package draws; their argument is a count."""

KINDS = (*DRAWN, *LAYOUTS, "auto", "packed")

_SELECTION = re.compile(r"\?(?=(?:classes|merge)=)")
"""Where the selection begins; a folder may have a question mark of its own."""


@dataclass(frozen=True)
class DataSpec:
    """kind: one of KINDS. argument: what follows the colon, None without one."""

    kind: str
    argument: str | None = None
    selection: Selection = field(default_factory=Selection)

    @classmethod
    def parse(cls, text: str) -> DataSpec:
        """Raises UnknownName for an unknown kind, UsageError for a malformed selection."""
        place, *query = _SELECTION.split(text, 1)
        selection = Selection.parse(query[0]) if query else Selection()
        kind, colon, argument = place.partition(":")
        if kind in KINDS:
            return cls(kind, argument if colon else None, selection)
        if os.sep in kind or kind.startswith((".", "~")) or _is_folder(place):
            return cls("auto", place, selection)
        known = [*DRAWN, "DIR", *(f"{name}:DIR" for name in LAYOUTS)]
        raise UnknownName("kind of data", kind, known)

    def __str__(self) -> str:
        place = self.kind if self.argument is None else f"{self.kind}:{self.argument}"
        return f"{place}?{self.selection}" if self.selection else place


def are_drawn_scenes(source: str) -> bool:
    """Whether `source` is the package's own drawn scenes of faces: a demo, and no photographs."""
    return source.partition(":")[0] == "synthetic"


def absolute_source(source: str) -> str:
    """A specification that means the same in another folder, and whose layout is settled:
    workers run in folders of their own. Raises as `DataSpec.parse` and `layout_of`."""
    spec = DataSpec.parse(source)
    if spec.kind in DRAWN or not spec.argument:
        return source
    folder = Path(os.path.expanduser(spec.argument))
    if not _is_folder(str(folder)):
        return source
    kind = layout_of(folder) if spec.kind == "auto" else spec.kind
    return str(replace(spec, kind=kind, argument=str(folder.resolve())))


def with_classes(
    source: str | None, classes: str | None, merge: Sequence[str] | None
) -> str | None:
    """`source` with what `--classes` and `--merge` say, in place of what it said itself.

    Raises UsageError where they have nothing to pick from.
    """
    selection = Selection.of(classes, merge)
    if selection and source is None:
        raise UsageError("--classes and --merge need pictures to pick from", "give --data, too")
    if selection and source is not None:
        return str(replace(DataSpec.parse(source), selection=selection))
    return source


def _is_folder(text: str) -> bool:
    try:
        return os.path.isdir(text)
    except ValueError:  # a name that no system has
        return False
