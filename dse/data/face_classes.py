"""Which classes of an annotation with several are faces."""

from __future__ import annotations

from collections.abc import Collection

from dse.data.foreign import excerpt
from dse.errors import DataError

__all__ = ["face_classes"]

FACE_WORDS = ("face", "mask")
"""A class is a face if its name has one of these: `face`, `Human face`, `without_mask`."""


def face_classes(source: str, names: Collection[str]) -> frozenset[str]:
    """The names that mean a face. One class alone does, whatever it is called.

    Raises DataError if there are several, and none sounds like a face.
    """
    if len(names) < 2:
        return frozenset(names)
    faces = frozenset(name for name in names if any(word in name.lower() for word in FACE_WORDS))
    if not faces:
        listed = ", ".join(map(excerpt, sorted(names)[:8])) + (", ..." if len(names) > 8 else "")
        hint = "name the class of faces 'face' in the annotation"
        raise DataError(f"{source}: none of its {len(names)} classes is a face ({listed})", hint)
    return faces
