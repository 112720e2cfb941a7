"""Which pictures of a folder of one's own are for training, validation and evaluation."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from dse.errors import DataError

__all__ = ["PART_NAMES", "Part", "choose_part", "hashed_split"]

T = TypeVar("T")

NAMES = {
    "train": ("train", "training", "trainval"),
    "val": ("val", "valid", "validation"),
    "eval": ("test", "eval"),
}
PART_NAMES = tuple(name for names in NAMES.values() for name in names)
"""Names of folders or lists that are taken for a part."""

SUBSTITUTES = {"val": "eval", "eval": "val"}

TRAIN_SHARE = 0.8
VAL_SHARE = 0.1
"""Shares of pictures where the folder has no parts of its own; the rest is for evaluation."""


@dataclass(frozen=True)
class Part(Generic[T]):
    """Where a split's pictures are. hashed: they must still be divided by `hashed_split`."""

    place: T
    hashed: bool


def choose_part(source: str, split: str, parts: Mapping[str, T], whole: T) -> Part[T]:
    """The part of a data set for `split`: its own where there is one.

    parts: those present, by name (see PART_NAMES). whole: everything, for sets without
    parts. `val` and `eval` stand in for each other; a set of nothing but training pictures
    is divided by hash. Raises DataError if there are parts, but none to train on.
    """
    found = {
        key: next(parts[name] for name in names if name in parts)
        for key, names in NAMES.items()
        if any(name in parts for name in names)
    }
    if not found:
        return Part(whole, hashed=True)
    if set(found) == {"train"}:
        return Part(found["train"], hashed=True)
    for key in (split, SUBSTITUTES.get(split, split)):
        if key in found:
            return Part(found[key], hashed=False)
    there = ", ".join(sorted(parts))
    raise DataError(f"{source} has no pictures for training, only {there}", "add a 'train' part")


def hashed_split(name: str) -> str:
    """The split a picture belongs to, by a hash of its name: the same on every machine."""
    digest = hashlib.sha256(name.encode(errors="surrogateescape")).digest()
    place = int.from_bytes(digest[:4], "big") / 2**32
    if place < TRAIN_SHARE:
        return "train"
    return "val" if place < TRAIN_SHARE + VAL_SHARE else "eval"
