"""Whatever can be run as a detector, by the name that a person gives it.

A kmodel, a TensorFlow-Lite file, a bundle, a study's design, or one that the package ships:
`find_detector` tells them apart, and from there on they are all a `Detector`.
"""

from __future__ import annotations

from dse.designs.finding import find_detector
from dse.detection.detector import Detector

__all__ = ["Detector", "find_detector"]
