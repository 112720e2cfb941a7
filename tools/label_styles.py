"""Labels of several hands: how each source draws its boxes, and all of them in one style.

One source draws its boxes around the whole head, another from chin to forehead, a third leaves
faces out; a network taught all of that answers with a compromise. A trained detector is the
gauge between them. On source s its boxes lie off the labels by some offset, in the median m_s,
so a label moved by m_s is in the detector's style. That is done with every label; then labels
and detections alike are moved back by the mean of all m_s. The style which results is the
middle of the sources', not the detector's: were all its boxes a tenth larger, nothing changed.

The detector need not draw alike on every source, only in one way within each, for there the
labels meet it. Yet a difference that it has learned to imitate shows in no offset any more, so
the best gauge was trained on one source alone.

What it sees where nobody drew a box becomes a face to ignore; in sources known to be incomplete,
a face if the score is high.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dse.data.box_rules import clip
from dse.data.pictures import Picture
from dse.detection.detections import Detections
from dse.detection.geometry import Boxes, iou_matrix

__all__ = ["Seen", "Styles", "event", "moved", "offsets", "reconciled", "styles"]

Float64s = NDArray[np.float64]

SAME_FACE_IOU = 0.3
"""From here on two boxes mean the same face: 0.5 would be missed by a loose and a tight box."""

GAUGE_SCORE = 0.3
"""Detections below are left aside first: a loose label would else go to a vague large box beside
the clear one, and be lost to the median, which then takes the source for tighter than it is."""

GAUGE_SIDE_PIXELS = 14.0
"""On the canvas; of smaller faces the offset is mostly the rounding of their labels."""

LEAST_MATCHES = 30
"""Faces that a source's median takes: at a spread of 0.1 its error is 0.02 then."""

FACE_SCORE = 0.5
DOUBTFUL_SCORE = 0.25
"""In an incomplete source: from where a detection is a face, and from where it is ignored."""

STRAY_SCORE = 0.45
"""Elsewhere: from where a detection without a label is ignored rather than held an error."""


@dataclass(frozen=True)
class Seen:
    """A labelled picture and what the detector found in it, both in picture pixels.

    scale: canvas pixels per picture pixel. size: width and height of the picture.
    """

    picture: Picture
    found: Detections
    scale: float
    size: tuple[int, int]

    @property
    def source(self) -> str:
        """Whose labels these are."""
        return event(self.picture)


@dataclass(frozen=True)
class Styles:
    """How the detector's boxes lie off each source's labels.

    matches: source -> faces that tell. medians: source -> (4,) `offsets`, for sources with
    at least `LEAST_MATCHES`. mean: (4,) of the medians; zeros where there is none.
    """

    matches: Mapping[str, int]
    medians: Mapping[str, Float64s]

    @property
    def mean(self) -> Float64s:
        """Each source counts the same, however many pictures it has."""
        return np.mean([*self.medians.values()], axis=0) if self.medians else np.zeros(4)

    def labels_in_one(self, source: str, boxes: Boxes) -> Boxes:
        """Labels (n, 4) of `source` in the mean style; as they are where its own is unknown."""
        if source not in self.medians:
            return boxes
        return moved(moved(boxes, self.medians[source]), -self.mean)

    def detections_in_one(self, boxes: Boxes) -> Boxes:
        """Boxes (n, 4) of the detector in the mean style."""
        return moved(boxes, -self.mean)


def event(picture: Picture) -> str:
    """The first folder of the picture's name, which WIDER FACE calls its event."""
    return picture.name.partition("/")[0]


def offsets(boxes: Boxes, others: Boxes) -> Float64s:
    """From each of `boxes` (n, 4) to its partner in `others` (n, 4): (n, 4) dx, dy, dw, dh.

    dw and dh are logarithms of the ratio of the sides; dx and dy are the way between the
    centres in units of the geometric mean of both sides. So the way back is the negative,
    which a way in units of either box's side would not be.
    """
    (centres, sides), (other_centres, other_sides) = _centred(boxes), _centred(others)
    return np.hstack(
        ((other_centres - centres) / np.sqrt(sides * other_sides), np.log(other_sides / sides))
    )


def moved(boxes: Boxes, offset: Float64s) -> Boxes:
    """The boxes (n, 4) that lie off `boxes` (n, 4) by `offset` (4,), as `offsets` measures it."""
    centres, sides = _centred(boxes)
    new_sides = sides * np.exp(offset[2:])
    new_centres = centres + offset[:2] * np.sqrt(sides * new_sides)
    corners = np.hstack((new_centres - new_sides / 2, new_centres + new_sides / 2))
    return corners.astype(np.float32)


def _centred(boxes: Boxes) -> tuple[Float64s, Float64s]:
    """Centres and sides of boxes (n, 4), (n, 2) each."""
    low, high = np.split(np.asarray(boxes, np.float64).reshape(-1, 4), 2, axis=1)
    return (low + high) / 2, high - low


def styles(pictures: Iterable[Seen]) -> Styles:
    """How the labels of each source are drawn, seen from the detector."""
    gathered: dict[str, list[Float64s]] = {}
    for seen in pictures:
        gathered.setdefault(seen.source, []).append(_matched(seen))
    found = {source: np.concatenate(rows) for source, rows in gathered.items()}
    medians = {
        source: np.median(rows, axis=0)
        for source, rows in found.items()
        if len(rows) >= LEAST_MATCHES
    }
    return Styles({source: len(rows) for source, rows in found.items()}, medians)


def _matched(seen: Seen) -> Float64s:
    """Offsets (k, 4) from a picture's labels to the clear detections that overlap them most."""
    labels, clear = seen.picture.boxes, seen.found.boxes[seen.found.scores > GAUGE_SCORE]
    if not len(clear):
        return np.zeros((0, 4))
    overlaps = iou_matrix(labels, clear)
    sides = (labels[:, 2:] - labels[:, :2]).min(axis=1) * seen.scale
    tells = (overlaps.max(axis=1) > SAME_FACE_IOU) & (sides > GAUGE_SIDE_PIXELS)
    return offsets(labels[tells], clear[overlaps[tells].argmax(axis=1)])


def reconciled(
    seen: Seen, drawn: Styles, incomplete: Collection[str] = (), *, additions: bool = True
) -> Picture:
    """The picture with its labels in the mean style, then what the detector adds to them.

    incomplete: sources whose labels leave faces out. additions: False for the labels alone.
    Boxes are cut at the picture's border.
    """
    labels = (seen.picture.boxes, seen.picture.ignored)
    faces, ignored = (clip(drawn.labels_in_one(seen.source, boxes), seen.size) for boxes in labels)
    if not additions:
        return replace(seen.picture, boxes=faces, ignored=ignored)
    boxes, scores = clip(drawn.detections_in_one(seen.found.boxes), seen.size), seen.found.scores
    overlaps = iou_matrix(boxes, np.concatenate((faces, ignored)))
    is_new = overlaps.max(axis=1, initial=0.0) < SAME_FACE_IOU
    if seen.source in incomplete:
        is_face = is_new & (scores > FACE_SCORE)
        is_doubtful = is_new & ~is_face & (scores >= DOUBTFUL_SCORE)
    else:
        is_face = np.zeros(len(scores), bool)
        is_doubtful = is_new & (scores > STRAY_SCORE)
    return replace(
        seen.picture,
        boxes=np.concatenate((faces, boxes[is_face])),
        ignored=np.concatenate((ignored, boxes[is_doubtful])),
    )
