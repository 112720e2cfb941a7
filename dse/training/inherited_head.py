"""A head that starts from another one's weights, though its boxes or their coding differ.

Both write their map with a convolution of 1 x 1. What a box of the old head says of an object is
said by the new head's most similar box: the score as it is, the offsets by the straight line
that takes one coding to the other around the anchor.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dse.canvas import InputSize
from dse.detection.head import Head
from dse.network.arrays import Weights

__all__ = ["with_head"]

Float32s = NDArray[np.float32]

STEP = 1e-2
"""Of an offset, to measure how the other coding follows it."""


def with_head(
    weights: Weights, old: Head, new: Head, input_size: InputSize, map_shape: tuple[int, int]
) -> Weights:
    """`weights` with a head for `new` in place of that for `old`, of the same one class.

    weights: "head/kernel" (1, 1, features, channels) and "head/bias" (channels,) among them.
    Exact where the codings are alike; of YOLOv2's places in a cell right near its middle.
    """
    rows = _rows(old, input_size, map_shape), _rows(new, input_size, map_shape)
    nearest = _most_alike(rows[0], rows[1])
    start, slope = _codings(old, new, rows[0][nearest], rows[1])
    kernel, bias = weights["head/kernel"], weights["head/bias"]
    said = np.concatenate((kernel[0, 0], bias[None]))  # the bias as a last feature, which is 1
    said = said.reshape(len(said), len(old.anchors), -1)[:, nearest].astype(np.float32)
    told = np.zeros((len(said), len(new.anchors), new.numbers_per_box), np.float32)
    new.numbers(told).scores[..., 0] = old.numbers(said).scores[..., 0]
    new.numbers(told).offsets[...] = old.numbers(said).offsets * slope
    new.numbers(told).offsets[-1] += start
    maps = told.reshape(len(said), new.channels)
    return {**weights, "head/kernel": maps[None, None, :-1], "head/bias": maps[-1]}


def _rows(head: Head, input_size: InputSize, map_shape: tuple[int, int]) -> Float32s:
    """The anchors of the first cell, as `Head.grid` has them."""
    return head.grid(input_size, *map_shape)[: len(head.anchors)]


def _most_alike(old: Float32s, new: Float32s) -> list[int]:
    """For each of `new` the place of the anchor in `old` with the largest IoU, both centred."""
    common = np.minimum(old[None, :, 2:4], new[:, None, 2:4]).prod(axis=-1)
    areas = old[:, 2:4].prod(axis=-1)[None] + new[:, 2:4].prod(axis=-1)[:, None]
    iou = common / (areas - common)
    return [int(row.argmax()) for row in iou]


def _codings(
    old: Head, new: Head, old_rows: Float32s, new_rows: Float32s
) -> tuple[Float32s, Float32s]:
    """Offsets (boxes, 4) by which `new` codes the anchors of `old`, and how much they grow with
    each of its offsets."""
    nothing = np.zeros((len(old_rows), 4), np.float32)
    start = new.encode(old.decode(nothing, old_rows), new_rows)
    slope = np.empty_like(start)
    for place, unit in enumerate(np.eye(4, dtype=np.float32)):
        moved = new.encode(old.decode(nothing + STEP * unit, old_rows), new_rows)
        slope[:, place] = (moved - start)[:, place] / STEP
    return start, slope
