"""Which pictures of a folder must stay on one side of a split: near-duplicates, copies that a
labelling service made of one picture, and the frames of one video.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dse.data.picture_hash import alike, distances, picture_bits
from dse.data.tree import stem_of

__all__ = ["grouped"]

AUGMENTED = re.compile(r"[_.](?:jpe?g|png|bmp|webp)\.rf\.[0-9a-z]{6,}$", re.IGNORECASE)
"""What Roboflow puts behind the name of a picture of which it makes several."""

NUMBERED = re.compile(r"(\d+)\D*$")
VIDEO = re.compile(r"frame|video|clip|movie|(?:^|[_\W])vid", re.IGNORECASE)
"""Words in the names of pictures that were cut out of a video."""

NEAR_NUMBERS, NEAR_BITS = 5, 16
"""Pictures numbered one after the other are frames of one shot if they also differ this little."""

LARGEST_SHARE = 0.25
"""Of all pictures. A larger group, such as one video, is cut where it is numbered."""

STRETCHES = 20
"""Into how many the whole set would be cut."""


def grouped(names: Sequence[str], paths: Sequence[Path]) -> tuple[list[list[int]], bool]:
    """Places of the pictures that stay together, and whether a group had to be cut.

    names: of the pictures, relative paths; paths: their files.
    """
    bits = picture_bits(paths)
    edges = np.concatenate([alike(bits), _same_source(names), _shots(names, bits)])
    shape = (len(names), len(names))
    web = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=shape)
    _, numbers = connected_components(web, directed=False)
    found: dict[int, list[int]] = defaultdict(list)
    for place in sorted(range(len(names)), key=lambda place: _by_number(names[place])):
        found[int(numbers[place])].append(place)
    groups = [piece for group in found.values() for piece in _pieces(group, len(names))]
    return groups, len(groups) > len(found)


def _pieces(group: list[int], total: int) -> list[list[int]]:
    if len(group) <= max(1, LARGEST_SHARE * total):
        return [group]
    count = -(-len(group) * STRETCHES // total)
    return [list(map(int, piece)) for piece in np.array_split(group, count) if len(piece)]


def _same_source(names: Sequence[str]) -> NDArray[np.intp]:
    """Pairs of neighbours in a list of what has one name but for a service's or frame's number."""
    keys: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(names):
        stem = stem_of(name)
        source = AUGMENTED.sub("", stem)
        prefix = NUMBERED.sub("", source)
        if VIDEO.search(prefix):
            keys[f"video {prefix}"].append(place)
        elif source != stem:
            keys[source].append(place)
    return _pairs([pair for group in keys.values() for pair in itertools.pairwise(group)])


def _shots(names: Sequence[str], bits: NDArray[np.float32]) -> NDArray[np.intp]:
    """Pairs of pictures with neighbouring numbers that look much the same."""
    order = sorted(range(len(names)), key=lambda place: _by_number(names[place]))
    pairs = []
    for step in (1, 2):
        for place, other in zip(order, order[step:], strict=False):
            first, second = _by_number(names[place]), _by_number(names[other])
            follows = first[0] == second[0] and 0 < second[1] - first[1] <= NEAR_NUMBERS
            if follows and distances(bits[[place]], bits[[other]])[0, 0] <= NEAR_BITS:
                pairs.append((place, other))
    return _pairs(pairs)


def _by_number(name: str) -> tuple[str, int, str]:
    """What stands before a name's last number, the number, and the name."""
    stem = AUGMENTED.sub("", stem_of(name))
    found = NUMBERED.search(stem)
    return (stem[: found.start()], int(found[1][-15:]), name) if found else (stem, -1, name)


def _pairs(pairs: Sequence[tuple[int, int]]) -> NDArray[np.intp]:
    return np.array(pairs, np.intp).reshape(-1, 2)
