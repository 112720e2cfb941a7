"""Viola and Jones' detector as OpenCV ships it, on the pictures of a data set.

The paper compares itself with it (table IV, AP 0.738 on grey FDDB pictures).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.data.loading import load_all
from dse.data.pictures import DataSet, Picture
from dse.detection.average_precision import average_precision
from dse.detection.detections import Detections
from dse.errors import DseError, UnknownName
from dse.evaluation import Evaluation

__all__ = ["CASCADES", "ViolaJones", "cascade_detector", "measure_viola_jones", "require_opencv"]

CASCADES = ("alt2", "default")
"""OpenCV's two usual cascades for frontal faces."""

OPENCV_NEIGHBOURS = 3
"""Overlapping windows that make a detection unless one says otherwise (OpenCV's default)."""

ANY_NEIGHBOUR = 1
"""With one, AP also sees what OpenCV would leave out: up to the cascade's own limit."""

Detector = Callable[[NDArray[np.uint8]], Detections]
"""A picture (h, w, 3), RGB -> its faces."""


@dataclass(frozen=True)
class ViolaJones:
    """One cascade with its settings, and what it reached."""

    cascade: str
    neighbours: int
    found: Evaluation


def measure_viola_jones(data: DataSet) -> list[ViolaJones]:
    """Both cascades, with OpenCV's default number of neighbours and with one.

    Raises DseError where OpenCV is not installed, DataError where no picture has a face.
    """
    settings = [(name, count) for count in (OPENCV_NEIGHBOURS, ANY_NEIGHBOUR) for name in CASCADES]
    detectors = [cascade_detector(name, count) for name, count in settings]
    found: list[list[Detections]] = [[] for _ in settings]
    seconds = [0.0 for _ in settings]
    seen: list[Picture] = []
    for picture, pixels in load_all(data):
        seen.append(picture)
        for at, detect in enumerate(detectors):
            began = perf_counter()
            found[at].append(detect(pixels))
            seconds[at] += perf_counter() - began
    return [
        ViolaJones(name, count, _evaluation(mine, seen, took, len(data)))
        for (name, count), mine, took in zip(settings, found, seconds, strict=True)
    ]


def cascade_detector(cascade: str, neighbours: int = OPENCV_NEIGHBOURS) -> Detector:
    """OpenCV's detector for "alt2" or "default" on grey pictures, other settings its defaults.

    Scores are the weights of the last stage. Raises UnknownName, or DseError without OpenCV.
    """
    if cascade not in CASCADES:
        raise UnknownName("cascade", cascade, CASCADES)
    cv2 = require_opencv()
    file = f"{cv2.data.haarcascades}haarcascade_frontalface_{cascade}.xml"
    classifier = cv2.CascadeClassifier(file)
    if classifier.empty():
        raise DseError(f"OpenCV reads no cascade from {file}", "install its package again")

    def detect(pixels: NDArray[np.uint8]) -> Detections:
        grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        corners, _, weights = classifier.detectMultiScale3(
            grey, minNeighbors=neighbours, outputRejectLevels=True
        )
        found = np.asarray(corners, np.float32).reshape(-1, 4)  # x, y, width, height
        scores = np.asarray(weights, np.float32).reshape(-1)
        order = np.argsort(-scores, kind="stable")
        found[:, 2:] += found[:, :2]
        return Detections(found[order], scores[order])

    return detect


def _evaluation(
    found: list[Detections], seen: list[Picture], seconds: float, pictures: int
) -> Evaluation:
    truth = [picture.boxes for picture in seen]
    ignored = [picture.ignored for picture in seen]
    squares = [picture.boxes_square for picture in seen if picture.boxes_square is not None]
    complete = len(squares) == len(seen)
    return Evaluation(
        ap=average_precision(found, truth, ignored),
        ap_square=average_precision(found, squares, ignored) if complete else None,
        images=len(found),
        faces=sum(len(boxes) for boxes in truth),
        seconds=seconds,
        skipped=pictures - len(found),
    )


def require_opencv() -> Any:
    """OpenCV's module. Raises DseError, with what to type, where it is not installed."""
    try:
        import cv2
    except ImportError:
        raise DseError(
            "table IV measures OpenCV's Viola-Jones, and OpenCV is not installed",
            "pip install 'dse[opencv]', or leave table IV out with --tables I II III",
        ) from None
    return cv2
