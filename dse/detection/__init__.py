"""What an output map means: boxes, anchors, and the targets a network learns from.

Knows numbers only, neither pictures nor networks.
"""

from __future__ import annotations

from dse.detection.assignment import Assignment, assign
from dse.detection.canonical_boxes import canonical_boxes
from dse.detection.geometry import anchor_grid, decode, encode, iou_matrix

__all__ = [
    "Assignment",
    "anchor_grid",
    "assign",
    "canonical_boxes",
    "decode",
    "encode",
    "iou_matrix",
]
