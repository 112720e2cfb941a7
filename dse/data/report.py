"""What was understood of a data set: the first thing to look at before a search.

Pictures and boxes by part and class, sizes, what was left out and why, pictures that stand in two
parts, and what of all that will hurt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from dse.data.picture_hash import alike, picture_bits
from dse.data.pictures import DataSet
from dse.data.reasons import by_reason
from dse.data.sources import SPLITS, open_data
from dse.errors import DataError

__all__ = ["ClassReport", "DataReport", "PartReport", "Repeated", "describe_data"]

FEW_BOXES = 30
"""For training. With fewer, a class is learned by heart."""

UNEVEN = 10
"""Times more boxes of one class than of another: from here on it shows in the rarer one's AP."""

EXAMPLES = 3


@dataclass(frozen=True)
class PartReport:
    """One split. background: pictures without a box. left_out: how many, by reason."""

    pictures: int
    background: int
    boxes: int
    ignored: int
    left_out: Mapping[str, int]
    notes: Sequence[str]


@dataclass(frozen=True)
class ClassReport:
    """One class. boxes, pictures: by split. side_pixels: of its boxes, the square root of width
    times height: a tenth are smaller than the first, half than the second, a tenth larger than
    the third; None without a box."""

    name: str
    boxes: Mapping[str, int]
    pictures: Mapping[str, int]
    side_pixels: tuple[float, float, float] | None


@dataclass(frozen=True)
class Repeated:
    """Pictures of the second part that are near-duplicates of one of the first."""

    first: str
    second: str
    pictures: int
    examples: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class DataReport:
    """source: with the layout that was found. missing: splits that cannot be had, and why."""

    source: str
    parts: Mapping[str, PartReport]
    classes: Sequence[ClassReport]
    repeated: Sequence[Repeated]
    missing: Mapping[str, str]

    @property
    def imbalance(self) -> float | None:
        """Training boxes of the commonest class over those of the rarest; None without any."""
        counts = [one.boxes.get("train", 0) for one in self.classes]
        least = min(counts, default=0)
        return max(counts) / least if least else None

    @property
    def warnings(self) -> list[str]:
        """What will hurt, in sentences."""
        return [*self._of_classes(), *map(_of_repeated, self.repeated)]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "imbalance": self.imbalance, "warnings": self.warnings}

    def _of_classes(self) -> list[str]:
        counts = {one.name: one.boxes.get("train", 0) for one in self.classes}
        told = [f"{name}: no box to train on" for name, count in counts.items() if not count]
        few = [f"{name} {count}" for name, count in counts.items() if 0 < count < FEW_BOXES]
        if few:
            told.append(f"few boxes to train on, under {FEW_BOXES}: {', '.join(few)}")
        if self.imbalance and self.imbalance >= UNEVEN:
            first, last = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
            told.append(f"{self.imbalance:.0f} times as many boxes of {first} as of {last}")
        return told


def describe_data(source: str) -> DataReport:
    """Opens every split of `source`, a specification as of `open_data`, and looks at the pictures.

    Takes some 2 milliseconds for each small photograph. Raises what `open_data` raises where no
    split can be opened.
    """
    opened: dict[str, DataSet] = {}
    missing: dict[str, str] = {}
    first: DataError | None = None
    for split in SPLITS:
        try:
            opened[split] = open_data(source, split)  # type: ignore[arg-type]
        except DataError as error:
            first = first or error
            missing[split] = str(error)
    if first and not opened:
        raise first
    some = next(iter(opened.values()))
    parts = {split: _part(data) for split, data in opened.items()}
    classes = [_class(name, number, opened) for number, name in enumerate(some.classes)]
    return DataReport(some.source, parts, classes, _repeated(opened), missing)


def _part(data: DataSet) -> PartReport:
    return PartReport(
        len(data),
        sum(not len(picture.boxes) for picture in data.pictures),
        data.faces,
        sum(len(picture.ignored) for picture in data.pictures),
        by_reason(data.skipped),
        data.notes,
    )


def _class(name: str, number: int, opened: Mapping[str, DataSet]) -> ClassReport:
    counts = {
        split: [int((picture.classes == number).sum()) for picture in data.pictures]
        for split, data in opened.items()
    }
    own = [p.boxes[p.classes == number] for data in opened.values() for p in data.pictures]
    boxes = np.concatenate(own)
    sides = np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))
    tenth, half, most = np.quantile(sides, (0.1, 0.5, 0.9)).tolist() if len(sides) else (0, 0, 0)
    return ClassReport(
        name,
        {split: sum(found) for split, found in counts.items()},
        {split: sum(map(bool, found)) for split, found in counts.items()},
        (tenth, half, most) if len(sides) else None,
    )


def _repeated(opened: Mapping[str, DataSet]) -> list[Repeated]:
    """Of parts that are pictures on the disk; one that has two names is looked at once."""
    own = {data.checksum: split for split, data in reversed(list(opened.items()))}
    parts = {split: opened[split] for split in opened if split in own.values()}
    parts = {split: data for split, data in parts.items() if data.pictures[0].file}
    bits = {
        split: picture_bits([picture.file for picture in data.pictures if picture.file])
        for split, data in parts.items()
    }
    found = []
    for first, second in combinations(parts, 2):
        count = len(bits[first])
        pairs = alike(np.concatenate([bits[first], bits[second]]))
        across = pairs[(pairs[:, 0] < count) & (pairs[:, 1] >= count)]
        names = [
            (parts[first].pictures[one].name, parts[second].pictures[other - count].name)
            for one, other in across[:EXAMPLES]
        ]
        if len(across):
            found.append(Repeated(first, second, len(set(across[:, 1].tolist())), names))
    return found


def _of_repeated(repeated: Repeated) -> str:
    pairs = ", ".join(f"{first} and {second}" for first, second in repeated.examples)
    return (
        f"{repeated.pictures:,} pictures of {repeated.second} are near-duplicates of some of "
        f"{repeated.first} ({pairs}): AP on them flatters"
    )
