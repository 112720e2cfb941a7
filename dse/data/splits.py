"""Which pictures of a folder of one's own are for training, validation and evaluation."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from dse.errors import DataError

__all__ = ["PART_NAMES", "SHARES", "Part", "choose_part", "deal", "part_word", "split_of"]

T = TypeVar("T")

NAMES = {
    "train": ("train", "training", "trainval"),
    "val": ("val", "valid", "validation", "dev"),
    "eval": ("test", "eval", "testing"),
}
PART_NAMES = tuple(name for names in NAMES.values() for name in names)
"""Names of folders or lists that are taken for a part."""

SUBSTITUTES = {"val": "eval", "eval": "val"}

SHARES = {"train": 0.8, "val": 0.1, "eval": 0.1}
"""Of the pictures, where the folder has no parts of its own."""


@dataclass(frozen=True)
class Part(Generic[T]):
    """Where a split's pictures are. divide: they must still be divided, by `deal`."""

    place: T
    divide: bool


def part_word(name: str) -> str | None:
    """The one of PART_NAMES that a folder or list is called after: `train2017`, `Valid`."""
    word = re.sub(r"[\W_\d]+$", "", name).lower()
    return word if word in PART_NAMES else None


def split_of(word: str) -> str:
    """The split that one of PART_NAMES means."""
    return next(split for split, names in NAMES.items() if word in names)


def choose_part(source: str, split: str, parts: Mapping[str, T], whole: T) -> Part[T]:
    """The part of a data set for `split`: its own where there is one.

    parts: those present, by name (see PART_NAMES). whole: everything, for sets without
    parts. `val` and `eval` stand in for each other; a set of nothing but training pictures
    is divided. Raises DataError if there are parts, but none to train on.
    """
    found = {
        key: next(parts[name] for name in names if name in parts)
        for key, names in NAMES.items()
        if any(name in parts for name in names)
    }
    if not found:
        return Part(whole, divide=True)
    if set(found) == {"train"}:
        return Part(found["train"], divide=True)
    for key in (split, SUBSTITUTES.get(split, split)):
        if key in found:
            return Part(found[key], divide=False)
    there = ", ".join(sorted(parts))
    raise DataError(f"{source} has no pictures for training, only {there}", "add a 'train' part")


def deal(groups: Sequence[Sequence[str]], labels: Sequence[frozenset[str]]) -> list[str]:
    """The split of each group, the same on every machine.

    groups: names of pictures that stay together. labels: (n,) the classes in each group. They
    are dealt by their rarest class, in an order that a hash of their names gives, to the split
    that lacks most of its share: so each class comes to each split, as far as it goes.
    """
    counts = Counter(label for found in labels for label in found)
    rarest = [min(((counts[one], one) for one in found), default=(0, "")) for found in labels]
    order = sorted(range(len(groups)), key=lambda place: (rarest[place], _hash(groups[place])))
    shares, given = np.array(list(SHARES.values())), np.zeros(len(SHARES))
    dealt = [""] * len(groups)
    for place in order:
        lacking = shares * (given.sum() + len(groups[place])) - given
        taken = int(lacking.argmax())
        given[taken] += len(groups[place])
        dealt[place] = list(SHARES)[taken]
    return dealt


def _hash(names: Sequence[str]) -> bytes:
    return hashlib.sha256(min(names).encode(errors="surrogateescape")).digest()
