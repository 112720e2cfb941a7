"""What an output map means: boxes, anchors, and the targets a network learns from.

Knows numbers only, neither pictures nor networks.
"""

from __future__ import annotations

from dse.detection.assignment import Assignment, assign
from dse.detection.geometry import iou_matrix
from dse.detection.head import FACE_HEAD, Head

__all__ = [
    "FACE_HEAD",
    "Assignment",
    "Head",
    "assign",
    "iou_matrix",
]
