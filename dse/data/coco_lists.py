"""Which JSON files of a folder are COCO annotations, and of which part."""

from __future__ import annotations

from dse.data.splits import part_word
from dse.data.tree import Tree, parts_of, stem_of

__all__ = ["coco_lists", "part_of_list"]

FOLDERS = ("annotations", "annotation", "labels")
"""Where they lie, but for the folder itself and those of parts."""

OFFICIAL = "instances"
"""Begins the names of COCO's own; beside them lie captions and key points."""


def coco_lists(tree: Tree) -> list[str]:
    """The JSON files that may be COCO annotations, by name and place."""
    found = [path for path in tree.ending(".json") if _may_be(path)]
    official = [path for path in found if stem_of(path).startswith(OFFICIAL)]
    return official or found


def part_of_list(path: str) -> str | None:
    """The part that a list's name, or a folder it lies in, says."""
    *folders, _ = parts_of(path)
    words = [*stem_of(path).replace("-", "_").replace(".", "_").split("_"), *reversed(folders)]
    return next((part for word in words if (part := part_word(word))), None)


def _may_be(path: str) -> bool:
    *folders, name = parts_of(path)
    if name.lower().endswith("coco.json") or stem_of(path).startswith(OFFICIAL):
        return True
    return len(folders) < 2 and all(one.lower() in FOLDERS or part_word(one) for one in folders)
