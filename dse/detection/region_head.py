"""YOLOv2's region layer: the head that the firmwares of small boards decode themselves.

An anchor's numbers are x, y, w, h, objectness, and a logit for each class. An object is found by
the cell that its centre lies in: sigmoid(x) and sigmoid(y) are the centre's place in the cell,
w and h the logarithms of its size over the anchor's. A box is of class c with the probability
sigmoid(objectness) * softmax(classes)[c] (Redmon and Farhadi, arXiv 1612.08242, section 2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from dse.canvas import Canvas, InputSize
from dse.detection.head import MAX_LOG_RATIO, OFFSETS, Head, Numbers

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    from dse.detection.assignment import Assignment

    Float32s = NDArray[np.float32]

__all__ = ["RegionHead"]

EDGE = 1e-3
"""Of a cell: a centre on its border would be an infinite logit away."""


class RegionHead(Head):
    """A head in the coding of YOLOv2's region layer.

    Rows of its `grid` have six numbers: the anchor's cx, cy, w, h and the cell's width and
    height, pixels. Its scores are objectness and the classes' logits.
    """

    kind: ClassVar[str] = "region"
    may_be_scaled: ClassVar[bool] = False
    as_darknet: ClassVar[bool] = True

    @classmethod
    def numbers_for(cls, classes: int) -> int:
        """See `Head`."""
        return len(OFFSETS) + 1 + classes

    @property
    def number_names(self) -> tuple[str, ...]:
        """See `Head`."""
        return (*OFFSETS, "objectness", *(f"logit of {name}" for name in self.classes))

    @property
    def score_words(self) -> str:
        """See `Head`."""
        return "sigmoid(objectness) * softmax(logits of the classes)"

    @property
    def first_offset(self) -> int:
        """See `Head`."""
        return 0

    def numbers(self, rows: Any) -> Numbers:
        """See `Head`."""
        first = len(OFFSETS)
        return Numbers(rows[..., first : self.numbers_per_box], rows[..., :first])

    def logits(self, rows: Float32s) -> Float32s:
        """See `Head`: log(p / (1 - p)), where p = sigmoid(objectness) * softmax(classes)."""
        import numpy as np

        scores: Float32s = self.numbers(rows).scores
        objectness, logits = scores[..., :1], scores[..., 1:]
        if len(self.classes) == 1:
            return objectness
        log_share = logits - logits.max(axis=-1, keepdims=True)
        log_share = log_share - np.log(np.exp(log_share).sum(axis=-1, keepdims=True))
        log_p = np.minimum(log_share - np.logaddexp(0.0, -objectness), -1e-7)
        found: Float32s = (log_p - np.log(-np.expm1(log_p))).astype(np.float32, copy=False)
        return found

    def starting_bias(self, logit: float) -> Float32s:
        """See `Head`; all classes are alike likely."""
        import numpy as np

        numbers = [0.0] * len(OFFSETS) + [logit] + [0.0] * len(self.classes)
        return np.tile(np.array(numbers, np.float32), len(self.anchors))

    def per_channel(self, score: float, offset: float) -> Float32s:
        """See `Head`."""
        import numpy as np

        numbers = [offset] * len(OFFSETS) + [score] * (1 + len(self.classes))
        return np.tile(np.array(numbers, np.float32), len(self.anchors))

    def grid(
        self,
        input_size: InputSize,
        map_height: int,
        map_width: int,
        anchor_size: InputSize | None = None,
    ) -> Float32s:
        """See `Head`; (map_height * map_width * boxes, 6)."""
        import numpy as np

        grid = super().grid(input_size, map_height, map_width, anchor_size)
        cell = np.broadcast_to(2 * grid[:1, :2], (len(grid), 2))  # twice the first cell's centre
        return np.concatenate((grid, cell), axis=-1)

    def map_units(self, input_size: InputSize, map_height: int, map_width: int) -> Float32s:
        """Widths and heights (boxes, 2) of the anchors in cells of the map, as firmwares want."""
        import numpy as np

        canvas = Canvas.of(input_size)
        cells = np.array([map_width / canvas.width, map_height / canvas.height])
        units: Float32s = (self.sizes(input_size) * cells).astype(np.float32)
        return units

    def encode(self, boxes: Float32s, grid: Float32s) -> Float32s:
        """Offsets (n, 4) for boxes (n, 4) whose centres lie in the cells of rows (n, 6) of `grid`.

        tx = logit of the centre's place in the cell, 0..1; tw = log(w / w_a). Boxes need area.
        """
        import numpy as np

        cells = grid[..., 4:6]
        centres = (boxes[..., :2] + boxes[..., 2:]) * np.float32(0.5)
        place = np.clip((centres - grid[..., :2]) / cells + 0.5, EDGE, 1 - EDGE)
        stretch = np.log((boxes[..., 2:] - boxes[..., :2]) / grid[..., 2:4])
        both = (np.log(place / (1 - place)), stretch)
        offsets: Float32s = np.concatenate(both, axis=-1).astype(np.float32, copy=False)
        return offsets

    def decode(self, offsets: Float32s, grid: Float32s) -> Float32s:
        """See `Head`, for rows (..., 6) of `grid`."""
        import numpy as np

        from dse.detection.geometry import corners

        place = 0.5 * np.tanh(0.5 * offsets[..., :2])  # sigmoid - 0.5, without overflow
        centres = place * grid[..., 4:6] + grid[..., :2]
        stretch = np.exp(np.clip(offsets[..., 2:], -MAX_LOG_RATIO, MAX_LOG_RATIO))
        return corners(np.concatenate((centres, stretch * grid[..., 2:4]), axis=-1))

    def assign(
        self, boxes: Float32s, ignored: Float32s, grid: Float32s, *, least_iou: float = 0.0
    ) -> Assignment:
        """See `Head`: by the cell of the centre, and the anchors most like the box."""
        from dse.detection.assignment import assign_by_centre

        return assign_by_centre(boxes, ignored, grid, least_iou=least_iou)

    def write_truth(
        self,
        rows: Float32s,
        positive: NDArray[np.int32],
        classes: NDArray[np.int32],
        offsets: Float32s,
        ignored: NDArray[np.int32],
    ) -> None:
        """See `Head`; a row's objectness is 1, 0, or -1 where nobody may say."""
        truth = self.numbers(rows)
        truth.scores[ignored, 0] = -1
        truth.scores[positive, 0] = 1
        truth.scores[positive, 1 + classes] = 1
        truth.offsets[positive] = offsets
