"""What the channels of an output map mean, in one place.

Each cell of a map looks for objects near its centre with a few boxes, the anchors. For every
box it holds one score a class (a logit) and four offsets that turn the anchor into the object's
box: with one class (score, tx, ty, tw, th). All that makes, trains, scales, decodes or
describes a map asks the `Head`; another way to code boxes is a subclass with a `kind` of its own.

NumPy is imported by the methods that compute: pricing a design asks for channels alone, and
must not wait for it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from dse.canvas import Canvas, InputSize
from dse.detection.canonical_boxes import REFERENCE_SIZE, canonical_boxes
from dse.errors import DseError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dse.detection.assignment import Assignment

    Float32s = NDArray[np.float32]

__all__ = ["FACE_HEAD", "MAX_LOG_RATIO", "Anchors", "Head", "Numbers", "reference_scale"]

Anchors = tuple[tuple[float, float], ...]
"""Width and height of each, pixels on a canvas of `REFERENCE_SIZE` x `REFERENCE_SIZE`."""

MAX_LOG_RATIO = 8.0
"""`decode` clips log(w/w_a) here: e^8 = 2981 anchors wide, so that rubbish stays finite."""

OFFSETS = ("tx", "ty", "tw", "th")
MOST = 1000
"""Anchors, or classes, of a head: more are a damaged file."""

LONGEST_NAME = 100


class Numbers(NamedTuple):
    """The numbers of a map by what they mean; arrays of the library that the map is of.

    scores: (.., scores) logits that a box holds an object of the class; in a truth 1 where it
    does, 0 where it does not, -1 where nobody may say. Some heads have others, of which
    `Head.logits` makes these. offsets: (.., 4), see `Head.encode`.
    """

    scores: Any
    offsets: Any


@dataclass(frozen=True)
class Head:
    """Boxes that every cell of an output map looks for, and what they may hold.

    anchors: width and height of each in pixels, on a canvas of `REFERENCE_SIZE` x
    `REFERENCE_SIZE`; they grow with the longer side of the canvas, as pictures do that are wide
    or high enough to fill it. classes: names, one score each.
    Raises DseError for anchors without area, or names that are empty or alike.
    """

    anchors: Anchors
    classes: tuple[str, ...] = ("face",)

    kind: ClassVar[str] = "offsets"
    """How boxes are coded, for files."""

    may_be_scaled: ClassVar[bool] = True
    """Offsets may leave the chip multiplied by a constant, which our own decoders undo."""

    as_darknet: ClassVar[bool] = False
    """Boxes are suppressed as they are, before they are clipped to the canvas, and one that is
    left for several classes is of the likeliest alone: so do the firmwares' decoders."""

    def __post_init__(self) -> None:
        sides = [side for anchor in self.anchors for side in anchor]
        if not 0 < len(self.anchors) <= MOST or not all(0 < side < math.inf for side in sides):
            raise DseError(f"a head has 1 to {MOST} anchors with a width and a height above 0")
        names = set(self.classes)
        proper = all(name.isprintable() and 0 < len(name) <= LONGEST_NAME for name in names)
        if not 0 < len(self.classes) <= MOST or len(names) < len(self.classes) or not proper:
            raise DseError(f"a head has 1 to {MOST} classes with names that differ")

    @classmethod
    def numbers_for(cls, classes: int) -> int:
        """Numbers of one box, for so many classes."""
        return classes + len(OFFSETS)

    @property
    def numbers_per_box(self) -> int:
        """Scores and offsets of one box; box b's number k is channel b * numbers_per_box + k."""
        return self.numbers_for(len(self.classes))

    @property
    def channels(self) -> int:
        """Of an output map."""
        return len(self.anchors) * self.numbers_per_box

    @property
    def number_names(self) -> tuple[str, ...]:
        """What a box's numbers are called, in their order."""
        one = len(self.classes) == 1
        scores = ("score",) if one else tuple(f"score of {name}" for name in self.classes)
        return (*scores, *OFFSETS)

    @property
    def score_words(self) -> str:
        """How a box's scores are to be read, for people."""
        whose = f"a {self.classes[0]}'s" if len(self.classes) == 1 else "its class's"
        return f"logit: {whose} probability is 1 / (1 + exp(-score))"

    @property
    def first_offset(self) -> int:
        """Place of tx among a box's numbers; ty, tw and th follow."""
        return len(self.classes)

    def split(self, maps: Any, array: Any = None) -> Numbers:
        """Maps (.., channels) by what they mean, (.., boxes, classes) and (.., boxes, 4).

        array: the library whose arrays `maps` are, such as `keras.ops`; NumPy by default.
        """
        if array is None:
            import numpy as array
        shape = (*array.shape(maps)[:-1], len(self.anchors), self.numbers_per_box)
        return self.numbers(array.reshape(maps, shape))

    def numbers(self, rows: Any) -> Numbers:
        """Rows (.., numbers_per_box or more) by what their numbers mean; views of NumPy's."""
        end = self.numbers_per_box
        return Numbers(rows[..., : self.first_offset], rows[..., self.first_offset : end])

    def rows(self, maps: Float32s) -> Float32s:
        """Maps (n, h, w, channels) as (n, h * w * boxes, numbers_per_box), in `grid`'s order."""
        return maps.reshape(len(maps), -1, self.numbers_per_box)

    def logits(self, rows: Float32s) -> Float32s:
        """Rows (.., numbers_per_box) as logits (.., classes) that the box holds such an object."""
        scores: Float32s = self.numbers(rows).scores
        return scores

    def starting_bias(self, logit: float) -> Float32s:
        """(channels,) float32: what a map says that believes in nothing, `logit` of each score."""
        return self.per_channel(score=logit, offset=0.0)

    def per_channel(self, score: float, offset: float) -> Float32s:
        """(channels,) float32: `score` for the channels of scores, `offset` for the others."""
        import numpy as np

        numbers = [score] * len(self.classes) + [offset] * len(OFFSETS)
        return np.tile(np.array(numbers, np.float32), len(self.anchors))

    def sizes(self, input_size: InputSize) -> Float32s:
        """Widths and heights (boxes, 2) of the anchors, pixels on a canvas of `input_size`."""
        import numpy as np

        return (np.array(self.anchors) * reference_scale(input_size)).astype(np.float32)

    def grid(
        self,
        input_size: InputSize,
        map_height: int,
        map_width: int,
        anchor_size: InputSize | None = None,
    ) -> Float32s:
        """All anchors of an output map, (map_height * map_width * boxes, 4) cx, cy, w, h.

        Row-major over rows i, columns j, boxes. The centre of cell (i, j) is
        ((j + 0.5) * width / map_width, (i + 0.5) * height / map_height).
        anchor_size: names the canvas that the network was trained for, where it differs
        (a pyramid's other levels): anchors keep the size in pixels that they have there.
        """
        import numpy as np

        canvas = Canvas.of(input_size)
        sizes = self.sizes(input_size)
        sizes *= Canvas.of(anchor_size or input_size).longer / canvas.longer
        grid = np.empty((map_height, map_width, len(sizes), 4), np.float32)
        grid[..., 0] = ((np.arange(map_width) + 0.5) * (canvas.width / map_width))[None, :, None]
        grid[..., 1] = ((np.arange(map_height) + 0.5) * (canvas.height / map_height))[:, None, None]
        grid[..., 2:] = sizes
        return grid.reshape(-1, 4)

    def encode(self, boxes: Float32s, grid: Float32s) -> Float32s:
        """Offsets (n, 4) that turn anchors (n, 4), rows of `grid`, into boxes (n, 4).

        tx = (cx - cx_a) / w_a, ty = (cy - cy_a) / h_a, tw = log(w / w_a), th = log(h / h_a)
        (Narduzzi et al., arXiv 2208.11011, section III, after Faster R-CNN). Boxes need area.
        """
        import numpy as np

        centres = (boxes[..., :2] + boxes[..., 2:]) * np.float32(0.5)
        shift = (centres - grid[..., :2]) / grid[..., 2:]
        stretch = np.log((boxes[..., 2:] - boxes[..., :2]) / grid[..., 2:])
        offsets: Float32s = np.concatenate((shift, stretch), axis=-1).astype(np.float32, copy=False)
        return offsets

    def decode(self, offsets: Float32s, grid: Float32s) -> Float32s:
        """Boxes (..., 4) that offsets (..., 4) make of anchors (..., 4): undoes `encode`.

        Both arguments broadcast. Sizes are clipped at e^8 times the anchor's, either way.
        """
        import numpy as np

        from dse.detection.geometry import corners

        centres = offsets[..., :2] * grid[..., 2:] + grid[..., :2]
        stretch = np.exp(np.clip(offsets[..., 2:], -MAX_LOG_RATIO, MAX_LOG_RATIO))
        return corners(np.concatenate((centres, stretch * grid[..., 2:]), axis=-1))

    def assign(
        self, boxes: Float32s, ignored: Float32s, grid: Float32s, *, least_iou: float = 0.0
    ) -> Assignment:
        """Which rows of `grid` shall find `boxes` (n, 4): see `dse.detection.assignment`."""
        from dse.detection.assignment import assign

        return assign(boxes, ignored, grid, least_iou=least_iou)

    def write_truth(
        self,
        rows: Float32s,
        positive: NDArray[np.int32],
        classes: NDArray[np.int32],
        offsets: Float32s,
        ignored: NDArray[np.int32],
    ) -> None:
        """Puts into zeros `rows` (k, numbers_per_box), in place, what a map should have said.

        positive, ignored: places in `grid`. classes (p,), offsets (p, 4): of the positive ones.
        """
        truth = self.numbers(rows)
        truth.scores[ignored] = -1
        truth.scores[positive, classes] = 1
        truth.offsets[positive] = offsets

    def to_json(self) -> dict[str, Any]:
        """The head as a table of plain values, from which `from_json` makes it again."""
        return {
            "kind": self.kind,
            "classes": list(self.classes),
            "reference_size_pixels": REFERENCE_SIZE,
            "anchors_pixels": [list(anchor) for anchor in self.anchors],
        }

    @staticmethod
    def from_json(table: object) -> Head:
        """The head that `to_json` wrote, of whichever kind. Raises DseError for anything else."""
        kinds: dict[str, type[Head]] = {Head.kind: Head}
        kinds |= {other.kind: other for other in Head.__subclasses__()}
        kind = table.get("kind") if isinstance(table, Mapping) else None
        if not isinstance(table, Mapping) or not isinstance(kind, str) or kind not in kinds:
            raise DseError(f"a head is a table with a kind: {', '.join(sorted(kinds))}")
        if table.get("reference_size_pixels") != REFERENCE_SIZE:
            raise DseError(f"a head's anchors are of a canvas of {REFERENCE_SIZE} pixels")
        anchors, classes = table.get("anchors_pixels"), table.get("classes")
        if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
            raise DseError("a head's classes are a list of names")
        if not isinstance(anchors, list) or not all(map(_is_pair, anchors)):
            raise DseError("a head's anchors are a list of pairs, width and height")
        return kinds[kind](tuple((float(w), float(h)) for w, h in anchors), tuple(classes))


def reference_scale(input_size: InputSize) -> float:
    """Pixels of a canvas of `input_size` for one of the canvas that anchors are measured on."""
    return Canvas.of(input_size).longer / REFERENCE_SIZE


def _is_pair(value: object) -> bool:
    """Whether JSON's `value` is two numbers; a whole one may be too large for a float."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(side, int | float) and not isinstance(side, bool) for side in value)
        and all(abs(side) < 1e9 for side in value)
    )


FACE_HEAD = Head(canonical_boxes())
"""One class and Tiny Face's 25 boxes: 125 channels (Narduzzi et al., arXiv 2208.11011)."""
