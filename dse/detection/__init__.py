"""From output maps to average precision: heads, targets, decoding, suppression, matching.

Knows numbers only, neither pictures nor networks. What needs NumPy is imported from its own
module, as pricing a design asks the head for its channels and must not wait for NumPy.
"""

from __future__ import annotations

from dse.detection.head import FACE_HEAD, Head
from dse.detection.region_head import RegionHead

__all__ = ["FACE_HEAD", "Head", "RegionHead"]
