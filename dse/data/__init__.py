"""Pictures with labelled faces: readers, geometry, and the targets a network learns from."""

from __future__ import annotations

from dse.data.assignment import Assignment, assign
from dse.data.canonical_boxes import canonical_boxes
from dse.data.geometry import anchor_grid, decode, encode, iou_matrix
from dse.data.letterbox import letterbox
from dse.data.loading import load_all, load_or_none
from dse.data.pictures import DataSet, Picture, Skipped
from dse.data.sources import open_data

__all__ = [
    "Assignment",
    "DataSet",
    "Picture",
    "Skipped",
    "anchor_grid",
    "assign",
    "canonical_boxes",
    "decode",
    "encode",
    "iou_matrix",
    "letterbox",
    "load_all",
    "load_or_none",
    "open_data",
]
