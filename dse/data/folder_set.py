"""From what a reader understood of a folder to the data set of one split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from dse.data.assembly import assemble
from dse.data.foreign import excerpt
from dse.data.labelled import Labelled, as_picture
from dse.data.pictures import DataSet, Skipped
from dse.data.splits import SHARES, choose_part, deal, split_of
from dse.errors import DataError

__all__ = ["FolderSet", "Listed", "as_data_set", "class_names"]

MOST_NAMED = 8
"""Classes that a note lists."""

LONGEST_NAME = 60
"""Letters of a class's name, which stands on pictures, in tables and in programs."""


@dataclass(frozen=True)
class Listed:
    """The pictures of a part, in order, and what its list or files leave out."""

    pictures: Sequence[Labelled] = ()
    skipped: Sequence[Skipped] = ()


@dataclass(frozen=True)
class FolderSet:
    """parts: by name, of PART_NAMES. whole: everything, where there are no parts.

    listed_classes: names in the order that the folder gives, where it does.
    """

    source: str
    parts: Mapping[str, Listed]
    whole: Listed
    listed_classes: Sequence[str] = ()
    notes: Sequence[str] = field(default_factory=tuple)


def as_data_set(found: FolderSet, split: str) -> DataSet:
    """The pictures of `split` ("train", "val" or "eval"); the classes are those of all splits.

    Raises DataError where there are none.
    """
    notes = list(found.notes)
    everything = [one for part in (found.whole, *found.parts.values()) for one in part.pictures]
    classes = _classes(found, everything, notes)
    part = choose_part(found.source, split, found.parts, found.whole)
    if not part.divide:
        chosen = part.place
        notes += _stands_in(found, part.place, split)
    else:
        chosen = _dealt(found.source, part.place, split, notes)
    skipped, seen = list(chosen.skipped), Counter[str]()
    numbers = {name.casefold(): number for number, name in enumerate(classes)}
    pictures = [as_picture(told, numbers, skipped, seen) for told in chosen.pictures]
    notes += [f"{count:,} pictures {what}" for what, count in seen.items()]
    kept = (picture for picture in pictures if picture)
    shown = tuple(excerpt(name, LONGEST_NAME) for name in classes)
    data = assemble(found.source, kept, skipped, shown, notes)
    unseen = _without_box(data) if split == "train" else ""
    return replace(data, notes=(*data.notes, unseen)) if unseen else data


def class_names(labels: Sequence[str | None], listed: Sequence[str] = ()) -> tuple[str, ...]:
    """The names of the classes that have a box, those that differ only in case as one.

    In the order of the list, those that it leaves out behind them in that of the alphabet; the
    commonest spelling counts, and a face is a `face`.
    """
    spelled = Counter(label for label in labels if label)
    commonest: dict[str, str] = {}
    for name, _ in sorted(spelled.items(), key=lambda item: (-item[1], item[0])):
        commonest.setdefault(name.casefold(), name)
    commonest |= {"face": "face"} if "face" in commonest else {}
    order = [*(name.casefold() for name in listed), *sorted(commonest)]
    return tuple(commonest[key] for key in dict.fromkeys(order) if key in commonest)


def _classes(found: FolderSet, pictures: Sequence[Labelled], notes: list[str]) -> tuple[str, ...]:
    labels = [label for one in pictures for label in one.labels]
    classes = class_names(labels, found.listed_classes)
    there = {name.casefold() for name in classes}
    if empty := [name for name in found.listed_classes if name.casefold() not in there]:
        some = ", ".join(map(excerpt, empty[:MOST_NAMED]))
        more = ", ..." if len(empty) > MOST_NAMED else ""
        notes.append(f"listed classes without any box, left out: {some}{more}")
    return classes


def _without_box(data: DataSet) -> str:
    """Which classes have nothing to be learned from; "" for none."""
    seen = {int(number) for picture in data.pictures for number in picture.classes}
    names = [name for number, name in enumerate(data.classes) if number not in seen]
    more = ", ..." if len(names) > MOST_NAMED else ""
    return f"no box to train on: {', '.join(names[:MOST_NAMED])}{more}" if names else ""


def _stands_in(found: FolderSet, place: Listed, split: str) -> list[str]:
    name = next(name for name, part in found.parts.items() if part is place)
    is_own = split_of(name) == split
    return [] if is_own else [f"the folder has no part for '{split}': '{name}' stands in"]


def _dealt(source: str, whole: Listed, split: str, notes: list[str]) -> Listed:
    """The pictures of a split of a folder without parts."""
    from dse.data.grouping import grouped  # takes longer to import than most folders to read

    told = whole.pictures
    groups, cut = grouped([one.name for one in told], [one.picture for one in told])
    names = [[told[place].name for place in group] for group in groups]
    labels = [
        frozenset(label for place in group for label in told[place].labels if label)
        for group in groups
    ]
    split_of_place = {
        place: taken
        for group, taken in zip(groups, deal(names, labels), strict=True)
        for place in group
    }
    chosen = [told[place] for place, taken in sorted(split_of_place.items()) if taken == split]
    if told and not chosen:
        hint = "bring more, or make parts of your own: folders or lists called train, val and test"
        raise DataError(f"{source}: too few pictures for a '{split}' part", hint)
    counts = Counter(split_of_place.values())
    shares = ", ".join(f"{counts[name]:,} {name}" for name in SHARES)
    notes.append(f"no parts of its own: divided into {shares}")
    if together := sum(len(group) > 1 for group in groups):
        notes.append(f"{together:,} groups of near-duplicates or frames are kept on one side")
    if cut:
        notes.append("a group of over a quarter of all pictures, as of one video, was cut")
    return Listed(chosen, whole.skipped)
